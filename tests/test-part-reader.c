/* Multipart taken apart: however the network cuts it, the same parts come out. */
#include "fp-test.h"

#include <string.h>

#include "receiver/fp-part-reader.h"
#include "receiver/fp-receiver-error.h"

static gboolean
begin_cb (const FpPart  *part,
          gpointer       user_data,
          GError       **error)
{
  g_string_append_printf (user_data, "[%s|%s|%s]", part->name, part->filename ? part->filename : "-",
                          part->type ? part->type : "-");
  return TRUE;
}

static gboolean
data_cb (const guint8  *data,
         gsize          length,
         gpointer       user_data,
         GError       **error)
{
  g_string_append_len (user_data, (const char *) data, length);
  return TRUE;
}

static gboolean
end_cb (gpointer   user_data,
        GError   **error)
{
  g_string_append (user_data, "#");
  return TRUE;
}

static void
test_any_cut (void)
{
  static const FpPartFuncs funcs = { begin_cb, data_cb, end_cb };
  const char *body = "preamble\r\n--b  \r\nContent-Type: Text/XML; charset=x\r\n"
                     "content-disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n\r\n--\r\n--a\r\n--b\r\n"
                     "Content-Disposition: form-data; name=\"e\"\r\n\r\n\r\n--b--\r\nepilogue --b";
  const char *expected = "[a|f|text/xml]\r\n--\r\n--a#[e|-|-]#";
  gsize length = strlen (body);

  for (gsize first = 0; first <= length; first++)
    {
      for (gsize size = 1; size <= 40; size += 3)
        {
          g_autoptr(GString) out = g_string_new (NULL);
          g_autoptr(GError) error = NULL;
          g_autoptr(FpPartReader) reader = NULL;

          reader = fp_part_reader_new ("multipart/form-data; boundary=b", &funcs, out, &error);
          g_assert_no_error (error);
          g_assert_true (fp_part_reader_feed (reader, (const guint8 *) body, first, &error));
          for (gsize i = first; i < length; i += size)
            g_assert_true (fp_part_reader_feed (reader, (const guint8 *) body + i, MIN (size, length - i), &error));
          g_assert_true (fp_part_reader_finish (reader, &error));
          g_assert_cmpstr (out->str, ==, expected);
        }
    }
}

/* Cut anywhere it must not pass for whole, and nothing may be read beyond what came. */
static void
test_truncated (void)
{
  static const FpPartFuncs funcs = { begin_cb, data_cb, end_cb };
  const char *body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--";

  for (gsize length = 0; length < strlen (body); length++)
    {
      g_autoptr(GString) out = g_string_new (NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(FpPartReader) reader = NULL;
      g_autofree guint8 *exact = g_memdup2 (body, length);

      reader = fp_part_reader_new ("multipart/form-data; boundary=b", &funcs, out, &error);
      g_assert_no_error (error);
      g_assert_true (fp_part_reader_feed (reader, exact, length, &error));
      g_assert_false (fp_part_reader_finish (reader, &error));
      g_assert_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/part-reader/parts-cut-anywhere", test_any_cut);
  g_test_add_func ("/part-reader/truncated-is-never-whole", test_truncated);

  return g_test_run ();
}
