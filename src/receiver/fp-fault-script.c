#include "config.h"

#include "receiver/fp-fault-script.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "base/fp-random.h"

#define MAX_WAIT_MS (60 * 60 * 1000)
/* Of a percentage. */
#define FINENESS 1000

/* on METHOD /path CONDITION…: acts; what is NULL or 0 asks for nothing */
typedef struct
{
  /* Owned. */
  char *method;
  char *path;           /* with * and ? */
  FpFault *fault;
  FpRandom *random;     /* its own: what other rules saw changes nothing */
  GHashTable *known;    /* of char *, identities; NULL = not asked for */

  gint64 chance;        /* of 100 * FINENESS; -1 = always */
  guint64 first;
  guint64 every;
  guint64 seen;         /* requests that were of this method and path */
} Rule;

struct _FpFaultScript
{
  GPtrArray *rules; /* of Rule */
};

/* One line, word by word. */
typedef struct
{
  GPtrArray *words; /* of char * */
  guint at;
  guint line;
} Reader;

static void
fault_clear (gpointer data)
{
  FpFault *fault = data;

  g_free (fault->location);
  g_free (fault->text);
}

FpFault *
fp_fault_ref (FpFault *self)
{
  return g_rc_box_acquire (self);
}

void
fp_fault_unref (FpFault *self)
{
  g_rc_box_release_full (self, fault_clear);
}

static void
rule_free (Rule *rule)
{
  g_free (rule->method);
  g_free (rule->path);
  g_clear_pointer (&rule->fault, fp_fault_unref);
  g_clear_pointer (&rule->random, fp_random_free);
  g_clear_pointer (&rule->known, g_hash_table_unref);
  g_free (rule);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rule, rule_free)

void
fp_fault_script_free (FpFaultScript *self)
{
  g_ptr_array_unref (self->rules);
  g_free (self);
}

/* Reading. */

static gboolean
refuse (const Reader  *reader,
        const char    *word,
        const char    *why,
        GError       **error)
{
  /* Translators: a number, the word that is wrong, what is wrong with it. */
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("Line %u: “%s”: %s"), reader->line, word, why);
  return FALSE;
}

/* Words end at blanks; a comma or colon at the end of one is a word of its own. */
static void
split_line (Reader     *reader,
            const char *line)
{
  g_auto(GStrv) rough = g_strsplit_set (line, " \t\r", -1);

  for (guint i = 0; rough[i] && rough[i][0] != '#'; i++)
    {
      gsize length = strlen (rough[i]);
      char last = length > 0 ? rough[i][length - 1] : '\0';
      gboolean mark = last == ',' || last == ':';

      if (length > (gsize) mark)
        g_ptr_array_add (reader->words, g_strndup (rough[i], length - mark));
      if (mark)
        g_ptr_array_add (reader->words, g_strndup (&last, 1));
    }
}

static const char *
peek (const Reader *reader)
{
  return reader->at < reader->words->len ? reader->words->pdata[reader->at] : NULL;
}

/* NULL with an error at the end of the line. */
static const char *
next (Reader  *reader,
      GError **error)
{
  if (reader->at >= reader->words->len)
    {
      refuse (reader, reader->words->pdata[reader->words->len - 1], _("something must follow"), error);
      return NULL;
    }

  return reader->words->pdata[reader->at++];
}

static gboolean
read_number (const Reader  *reader,
             const char    *word,
             guint64        least,
             guint64        most,
             guint64       *number,
             GError       **error)
{
  if (!g_ascii_string_to_unsigned (word, 10, least, most, number, NULL))
    return refuse (reader, word, _("not a number that can be here"), error);

  return TRUE;
}

static gboolean
read_next_number (Reader   *reader,
                  guint64   least,
                  guint64   most,
                  guint64  *number,
                  GError  **error)
{
  const char *word = next (reader, error);

  return word && read_number (reader, word, least, most, number, error);
}

/* "200ms" or "2s" */
static gboolean
read_time (Reader   *reader,
           gint64   *ms,
           GError  **error)
{
  const char *word = next (reader, error);
  gboolean is_ms = word && g_str_has_suffix (word, "ms");
  g_autofree char *digits = NULL;
  guint64 number;

  if (!word)
    return FALSE;
  digits = g_strndup (word, strlen (word) - MIN (strlen (word), is_ms ? 2 : 1));
  if (!g_str_has_suffix (word, "s")
      || !g_ascii_string_to_unsigned (digits, 10, 0, MAX_WAIT_MS / (is_ms ? 1 : 1000), &number, NULL))
    return refuse (reader, word, _("not a time such as 200ms or 2s"), error);
  *ms = is_ms ? (gint64) number : (gint64) number * 1000;

  return TRUE;
}

/* "30%", also with a decimal point */
static gboolean
read_percent (const Reader  *reader,
              const char    *word,
              Rule          *rule,
              GError       **error)
{
  char *end = NULL;
  double percent = g_ascii_strtod (word, &end);

  if (!g_ascii_isdigit (word[0]) || !g_str_equal (end, "%") || percent > 100)
    return refuse (reader, word, _("not a percentage from 0% to 100%"), error);
  rule->chance = (gint64) (percent * FINENESS + 0.5);

  return TRUE;
}

/* "1st", "2nd", "3rd", "5th" */
static gboolean
read_every (Reader   *reader,
            Rule     *rule,
            GError  **error)
{
  const char *word = next (reader, error);
  char *end = NULL;

  if (!word)
    return FALSE;
  rule->every = g_ascii_strtoull (word, &end, 10);
  if (!g_ascii_isdigit (word[0]) || rule->every == 0 || rule->every > G_MAXUINT32
      || (!g_str_equal (end, "st") && !g_str_equal (end, "nd") && !g_str_equal (end, "rd") && !g_str_equal (end, "th")))
    return refuse (reader, word, _("not a count such as 5th"), error);

  return TRUE;
}

static gboolean
is_method (const char *word)
{
  for (const char *p = word; *p; p++)
    {
      if (!g_ascii_isupper (*p))
        return FALSE;
    }

  return *word != '\0';
}

/* From behind "on" to the colon. */
static gboolean
read_conditions (Reader   *reader,
                 Rule     *rule,
                 GError  **error)
{
  const char *word;

  while ((word = next (reader, error)) && !g_str_equal (word, ":"))
    {
      gboolean ok = TRUE;

      if (word[0] == '/' && !rule->path)
        rule->path = g_strdup (word);
      else if (is_method (word) && !rule->method)
        rule->method = g_strdup (word);
      else if (g_str_has_suffix (word, "%") && rule->chance < 0)
        ok = read_percent (reader, word, rule, error);
      else if (g_str_equal (word, "first") && !rule->first)
        ok = read_next_number (reader, 1, G_MAXUINT32, &rule->first, error);
      else if (g_str_equal (word, "every") && !rule->every)
        ok = read_every (reader, rule, error);
      else if (g_str_equal (word, "once") && !rule->known)
        rule->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      else
        ok = refuse (reader, word, _("not a condition, or the second of its kind"), error);
      if (!ok)
        return FALSE;
    }

  return word != NULL;
}

/* "retry-after=5" in seconds, "retry-date=5" as the date that is then. */
static gboolean
read_retry (Reader   *reader,
            FpFault  *fault,
            GError  **error)
{
  const char *word = peek (reader);
  guint64 seconds;

  if (!word || !g_str_has_prefix (word, "retry-"))
    return TRUE;
  reader->at++;
  fault->retry_date = g_str_has_prefix (word, "retry-date=");
  if (!fault->retry_date && !g_str_has_prefix (word, "retry-after="))
    return refuse (reader, word, _("not retry-after=SECONDS or retry-date=SECONDS"), error);
  if (!read_number (reader, strchr (word, '=') + 1, 0, G_MAXINT32, &seconds, error))
    return FALSE;
  fault->retry_after = (gint64) seconds;

  return TRUE;
}

static gboolean
read_bytes (Reader   *reader,
            FpFault  *fault,
            GError  **error)
{
  guint64 bytes;

  if (!read_next_number (reader, 0, G_MAXINT64, &bytes, error))
    return FALSE;
  fault->bytes = (gint64) bytes;

  return TRUE;
}

static gboolean
read_redirect (Reader   *reader,
               FpFault  *fault,
               GError  **error)
{
  guint64 status;
  const char *location;

  if (!read_next_number (reader, 300, 399, &status, error) || !(location = next (reader, error)))
    return FALSE;
  fault->status = (guint) status;
  fault->location = g_strdup (location);

  return TRUE;
}

static gboolean
read_slow (Reader   *reader,
           FpFault  *fault,
           GError  **error)
{
  return read_time (reader, &fault->wait_ms, error);
}

static const struct
{
  const char *word;
  FpAct act;
  gboolean (*read) (Reader *, FpFault *, GError **); /* NULL: the word is all */
} acts[] = {
  { "drop", FP_ACT_DROP, NULL },
  { "hang", FP_ACT_HANG, NULL },
  { "portal", FP_ACT_PORTAL, NULL },
  { "redirect", FP_ACT_REDIRECT, read_redirect },
  { "closed-form", FP_ACT_CLOSED_FORM, NULL },
  { "cut-answer", FP_ACT_CUT_ANSWER, read_bytes },
  { "cut-after-bytes", FP_ACT_CUT_REQUEST, read_bytes },
  { "slow-read", FP_ACT_SLOW_READ, read_slow },
};

/* What becomes of the request: a rule has at most one of these. */
static gboolean
read_outcome (Reader      *reader,
              const char  *word,
              FpFault     *fault,
              GError     **error)
{
  guint64 status;

  if (fault->act != FP_ACT_NONE)
    return refuse (reader, word, _("the rule says already what becomes of the request"), error);

  for (guint i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      if (!g_str_equal (word, acts[i].word))
        continue;
      fault->act = acts[i].act;
      return !acts[i].read || acts[i].read (reader, fault, error);
    }

  if (!g_ascii_isdigit (word[0]))
    return refuse (reader, word, _("not something that can be done"), error);
  if (!read_number (reader, word, 200, 599, &status, error))
    return FALSE;
  fault->act = FP_ACT_STATUS;
  fault->status = (guint) status;

  return read_retry (reader, fault, error);
}

static gboolean
read_act (Reader   *reader,
          FpFault  *fault,
          GError  **error)
{
  const char *word = next (reader, error);

  if (!word)
    return FALSE;
  if (g_str_equal (word, "delay"))
    return read_time (reader, &fault->wait_ms, error);
  if (g_str_equal (word, "no-openrosa-headers"))
    {
      fault->no_openrosa = TRUE;
      return TRUE;
    }
  if (g_str_equal (word, "after-accept"))
    {
      fault->after_accept = TRUE;
      if (!(word = next (reader, error)))
        return FALSE;
    }

  return read_outcome (reader, word, fault, error);
}

static gboolean
is_by_head (const FpFault *fault)
{
  return fault->act == FP_ACT_CUT_REQUEST || fault->act == FP_ACT_SLOW_READ;
}

static char *
dup_text (const Reader *reader,
          guint         from)
{
  GString *text = g_string_new (NULL);

  for (guint i = from; i < reader->words->len; i++)
    {
      const char *word = reader->words->pdata[i];

      if (i > from && !g_str_equal (word, ","))
        g_string_append_c (text, ' ');
      g_string_append (text, word);
    }

  return g_string_free (text, FALSE);
}

static gboolean
read_acts (Reader   *reader,
           Rule     *rule,
           GError  **error)
{
  FpFault *fault = rule->fault;
  guint from = reader->at;
  guint n = 0;

  do
    {
      if (!read_act (reader, fault, error))
        return FALSE;
      n++;
    }
  while (g_strcmp0 (peek (reader), ",") == 0 && reader->at++ < reader->words->len);

  if (peek (reader))
    return refuse (reader, peek (reader), _("a comma belongs between two acts"), error);
  fault->text = dup_text (reader, from);
  if (is_by_head (fault) && (n > 1 || fault->after_accept || rule->known))
    return refuse (reader, reader->words->pdata[from],
                   _("this is done before the whole request is here and must be alone in its rule"), error);

  return TRUE;
}

static Rule *
read_rule (Reader   *reader,
           GError  **error)
{
  g_autoptr(Rule) rule = g_new0 (Rule, 1);

  rule->chance = -1;
  rule->fault = g_rc_box_new0 (FpFault);
  rule->fault->retry_after = -1;
  rule->fault->bytes = -1;
  rule->fault->line = reader->line;
  if (!read_conditions (reader, rule, error) || !read_acts (reader, rule, error))
    return NULL;

  return g_steal_pointer (&rule);
}

static gboolean
read_line (FpFaultScript  *self,
           Reader         *reader,
           guint64        *seed,
           GError        **error)
{
  const char *word = peek (reader);
  Rule *rule;

  if (!word)
    return TRUE;
  reader->at++;
  if (g_str_equal (word, "seed"))
    {
      if (!read_next_number (reader, 0, G_MAXUINT32, seed, error))
        return FALSE;
      return !peek (reader) || refuse (reader, peek (reader), _("nothing belongs behind the seed"), error);
    }
  if (!g_str_equal (word, "on"))
    return refuse (reader, word, _("a line begins with “on” or “seed”"), error);
  if (!(rule = read_rule (reader, error)))
    return FALSE;
  g_ptr_array_add (self->rules, rule);

  return TRUE;
}

/**
 * fp_fault_script_parse:
 * @text: UTF-8
 *
 * Returns: (transfer full): the script; NULL with G_IO_ERROR_INVALID_DATA that names the line and the word
 */
FpFaultScript *
fp_fault_script_parse (const char  *text,
                       GError     **error)
{
  g_autoptr(FpFaultScript) self = g_new0 (FpFaultScript, 1);
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  guint64 seed = 0;

  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify) rule_free);
  for (guint i = 0; lines[i]; i++)
    {
      g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
      Reader reader = { words, 0, i + 1 };

      split_line (&reader, lines[i]);
      if (!read_line (self, &reader, &seed, error))
        return NULL;
    }
  for (guint i = 0; i < self->rules->len; i++)
    ((Rule *) self->rules->pdata[i])->random = fp_random_new_seeded ((guint32) seed + i);

  return g_steal_pointer (&self);
}

/* Counts and draws for each request of its method and path, so that the n-th of them always has the same fate. */
static gboolean
applies (Rule       *rule,
         const char *method,
         const char *path,
         const char *identity)
{
  gboolean drawn;

  if ((rule->method && !g_str_equal (rule->method, method))
      || (rule->path && !g_pattern_match_simple (rule->path, path)))
    return FALSE;

  rule->seen++;
  drawn = rule->chance < 0 || fp_random_below (rule->random, 100 * FINENESS) < rule->chance;
  if (!drawn || (rule->first && rule->seen > rule->first) || (rule->every && rule->seen % rule->every != 0))
    return FALSE;

  return !rule->known || g_hash_table_add (rule->known, g_strdup (identity));
}

/**
 * fp_fault_script_choose:
 * @identity: (nullable): what the request is the same as, for "once"; NULL with FP_FAULT_BY_HEAD
 *
 * The first rule that applies decides. Rules above it have counted the request, those below it have not.
 *
 * Returns: (transfer full) (nullable): what is to be done; NULL = nothing special
 */
FpFault *
fp_fault_script_choose (FpFaultScript *self,
                        FpFaultStage   stage,
                        const char    *method,
                        const char    *path,
                        const char    *identity)
{
  for (guint i = 0; i < self->rules->len; i++)
    {
      Rule *rule = self->rules->pdata[i];

      if (is_by_head (rule->fault) == (stage == FP_FAULT_BY_HEAD) && applies (rule, method, path, identity))
        return fp_fault_ref (rule->fault);
    }

  return NULL;
}
