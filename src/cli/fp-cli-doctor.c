#include "config.h"

#include "cli/fp-cli-doctor-private.h"

#include <glib/gi18n.h>

/* In the order in which they are told. */
static void (*const checks[]) (FpDoctor *doctor) = {
  _fp_doctor_look_at_file,
  _fp_doctor_look_at_attachments,
  _fp_doctor_look_at_history,
  _fp_doctor_look_at_outbox,
  _fp_doctor_look_at_space,
  _fp_doctor_look_at_clean_up,
  _fp_doctor_look_at_sender,
  _fp_doctor_look_at_agent,
  _fp_doctor_look_at_link,
  _fp_doctor_look_at_secrets,
  _fp_doctor_look_at_tray,
};

void
_fp_doctor_tell (FpDoctor      *doctor,
                 const char    *check,
                 FpDoctorLevel  level,
                 const char    *format,
                 ...)
{
  static const char * const words[] = { "ok", "warn", "FAIL" };
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  line = fp_cli_dup_line (text);
  if (doctor->found)
    {
      JsonObject *object = json_object_new ();
      g_autofree char *word = g_ascii_strdown (words[level], -1);

      json_object_set_string_member (object, "check", check);
      json_object_set_string_member (object, "level", word);
      json_object_set_string_member (object, "text", line);
      json_array_add_object_element (doctor->found, object);
    }
  else
    {
      g_print ("%-4s %-8s — %s\n", words[level], check, line);
    }
}

int
fp_cli_doctor (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(GStrv) rest = NULL;
  FpDoctor doctor = { .cli = cli };

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (cli->json)
    doctor.found = json_array_new ();

  if (fp_cli_connect (cli, FALSE))
    {
      fp_cli_read_status (cli);
      for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
        checks[i] (&doctor);
    }
  else
    {
      _fp_doctor_tell (&doctor, "store", FP_DOCTOR_FAIL, _("it cannot be opened"));
      doctor.code = FP_EXIT_STORE;
    }
  if (doctor.found)
    fp_cli_print_json (fp_json_take_array (doctor.found));

  return doctor.code;
}
