/* The receiver's fault scripts: what they say, and that chance is the same for the same seed. */
#include "fp-test.h"

#include "receiver/fp-fault-script.h"

static FpFaultScript *
parse (const char *text)
{
  g_autoptr(GError) error = NULL;
  FpFaultScript *script = fp_fault_script_parse (text, &error);

  g_assert_no_error (error);

  return script;
}

static FpFault *
choose (FpFaultScript *script,
        const char    *method,
        const char    *path)
{
  return fp_fault_script_choose (script, FP_FAULT_BY_BODY, method, path, path);
}

/* "1" for each of @n requests that a rule applies to, "." for the others. */
static char *
fates (FpFaultScript *script,
       guint          n)
{
  GString *fates = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr(FpFault) fault = choose (script, "POST", "/a");

      g_string_append_c (fates, fault ? '0' + (char) fault->line : '.');
    }

  return g_string_free (fates, FALSE);
}

static void
test_acts (void)
{
  static const struct
  {
    const char *text;
    FpFault wanted;
  } cases[] = {
    { "drop", { .act = FP_ACT_DROP, .retry_after = -1, .bytes = -1 } },
    { "after-accept drop", { .act = FP_ACT_DROP, .after_accept = TRUE, .retry_after = -1, .bytes = -1 } },
    { "hang", { .act = FP_ACT_HANG, .retry_after = -1, .bytes = -1 } },
    { "503", { .act = FP_ACT_STATUS, .status = 503, .retry_after = -1, .bytes = -1 } },
    { "503 retry-after=5", { .act = FP_ACT_STATUS, .status = 503, .retry_after = 5, .bytes = -1 } },
    { "429 retry-date=5",
      { .act = FP_ACT_STATUS, .status = 429, .retry_after = 5, .retry_date = TRUE, .bytes = -1 } },
    { "portal", { .act = FP_ACT_PORTAL, .retry_after = -1, .bytes = -1 } },
    { "redirect 307 /b", { .act = FP_ACT_REDIRECT, .status = 307, .retry_after = -1, .bytes = -1 } },
    { "closed-form", { .act = FP_ACT_CLOSED_FORM, .retry_after = -1, .bytes = -1 } },
    { "cut-answer 7", { .act = FP_ACT_CUT_ANSWER, .retry_after = -1, .bytes = 7 } },
    { "delay 2s", { .act = FP_ACT_NONE, .retry_after = -1, .bytes = -1, .wait_ms = 2000 } },
    { "delay 200ms, 500, no-openrosa-headers",
      { .act = FP_ACT_STATUS, .status = 500, .no_openrosa = TRUE, .retry_after = -1, .bytes = -1, .wait_ms = 200 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strconcat ("on: ", cases[i].text, "  # why", NULL);
      g_autoptr(FpFaultScript) script = parse (text);
      g_autoptr(FpFault) fault = choose (script, "GET", "/a");
      const FpFault *wanted = &cases[i].wanted;

      g_assert_nonnull (fault);
      g_assert_cmpstr (fault->text, ==, cases[i].text);
      g_assert_cmpint (fault->act, ==, wanted->act);
      g_assert_cmpint (fault->after_accept, ==, wanted->after_accept);
      g_assert_cmpint (fault->no_openrosa, ==, wanted->no_openrosa);
      g_assert_cmpint (fault->status, ==, wanted->status);
      g_assert_cmpint (fault->retry_after, ==, wanted->retry_after);
      g_assert_cmpint (fault->retry_date, ==, wanted->retry_date);
      g_assert_cmpint (fault->bytes, ==, wanted->bytes);
      g_assert_cmpint (fault->wait_ms, ==, wanted->wait_ms);
      g_assert_cmpuint (fault->line, ==, 1);
    }
}

static void
test_which (void)
{
  g_autoptr(FpFaultScript) script = parse ("# first what is special\n"
                                           "\n"
                                           "on POST /inbox/*: 500\n"
                                           "on GET /formList: 401\n"
                                           "on /submission: 503\n"
                                           "on PUT: 405\n");
  static const struct
  {
    const char *method;
    const char *path;
    guint status;
  } cases[] = {
    { "POST", "/inbox/a", 500 }, { "PUT", "/inbox/a", 405 }, { "GET", "/inbox/a", 0 },
    { "GET", "/formList", 401 }, { "HEAD", "/formList", 0 }, { "POST", "/submission", 503 },
    { "HEAD", "/submission", 503 }, { "POST", "/inbox", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(FpFault) fault = choose (script, cases[i].method, cases[i].path);

      g_assert_cmpuint (fault ? fault->status : 0, ==, cases[i].status);
    }
}

static void
test_counts (void)
{
  static const struct
  {
    const char *text;
    const char *fates;
  } cases[] = {
    { "on first 3: drop", "111......" },
    { "on every 3rd: drop", "..1..1..1" },
    { "on every 2nd first 4: drop", ".1.1....." },
    { "on 100%: drop", "111111111" },
    { "on 0%: drop", "........." },
    { "on first 2: drop\non first 2: 500", "1122....." },
    { "on GET: drop\non every 4th: 500", "...2...2." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(FpFaultScript) script = parse (cases[i].text);
      g_autofree char *got = fates (script, 9);

      g_assert_cmpstr (got, ==, cases[i].fates);
    }
}

static void
test_once (void)
{
  g_autoptr(FpFaultScript) script = parse ("on POST once: 409");

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(FpFault) a = fp_fault_script_choose (script, FP_FAULT_BY_BODY, "POST", "/s", "a");
      g_autoptr(FpFault) b = fp_fault_script_choose (script, FP_FAULT_BY_BODY, "POST", "/s", "b");

      g_assert_cmpint (a != NULL, ==, i == 0);
      g_assert_cmpint (b != NULL, ==, i == 0);
    }
}

/* What the body is needed for waits for it; what is done while it comes does not. */
static void
test_stages (void)
{
  g_autoptr(FpFaultScript) script = parse ("on: cut-after-bytes 5\non: drop");
  g_autoptr(FpFault) head = fp_fault_script_choose (script, FP_FAULT_BY_HEAD, "POST", "/a", NULL);
  g_autoptr(FpFault) body = fp_fault_script_choose (script, FP_FAULT_BY_BODY, "POST", "/a", "a");

  g_assert_cmpint (head->act, ==, FP_ACT_CUT_REQUEST);
  g_assert_cmpint (head->bytes, ==, 5);
  g_assert_cmpint (body->act, ==, FP_ACT_DROP);
}

static void
test_seed (void)
{
  const char *rules = "on 30%: drop\non 50%: 500";
  g_autofree char *text = g_strconcat ("seed 5\n", rules, NULL);
  g_autofree char *other_text = g_strconcat ("seed 6\n", rules, NULL);
  g_autoptr(FpFaultScript) a = parse (text);
  g_autoptr(FpFaultScript) b = parse (text);
  g_autoptr(FpFaultScript) c = parse (other_text);
  g_autofree char *of_a = fates (a, 1000);
  g_autofree char *of_b = fates (b, 1000);
  g_autofree char *of_c = fates (c, 1000);
  guint n = 0;

  g_assert_cmpstr (of_a, ==, of_b);
  g_assert_cmpstr (of_a, !=, of_c);
  for (const char *p = of_a; *p; p++)
    n += *p == '2';
  g_assert_cmpuint (n, >, 250);
  g_assert_cmpuint (n, <, 350);
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text;
    const char *says; /* begins */
  } cases[] = {
    { "of POST: drop", "Line 1: “of”" },
    { "\n\non POST: explode", "Line 3: “explode”" },
    { "on POST drop", "Line 1: “drop”" },
    { "on POST", "Line 1: “POST”: something must follow" },
    { "on POST:", "Line 1: “:”: something must follow" },
    { "on Post: drop", "Line 1: “Post”" },
    { "on 101%: drop", "Line 1: “101%”" },
    { "on x%: drop", "Line 1: “x%”" },
    { "on 5% 6%: drop", "Line 1: “6%”" },
    { "on first: drop", "Line 1: “:”" },
    { "on first 0: drop", "Line 1: “0”" },
    { "on every 5: drop", "Line 1: “5”" },
    { "on every 0th: drop", "Line 1: “0th”" },
    { "on: 199", "Line 1: “199”" },
    { "on: 600", "Line 1: “600”" },
    { "on: 503 retry-after=x", "Line 1: “x”" },
    { "on: 503 retry-later=5", "Line 1: “retry-later=5”" },
    { "on: 503 drop", "Line 1: “drop”" },
    { "on: 503, drop", "Line 1: “drop”" },
    { "on: drop,", "Line 1: “,”" },
    { "on: delay 5", "Line 1: “5”" },
    { "on: delay ms", "Line 1: “ms”" },
    { "on: delay 2h", "Line 1: “2h”" },
    { "on: redirect 200 /a", "Line 1: “200”" },
    { "on: redirect 307", "Line 1: “307”" },
    { "on: cut-answer", "Line 1: “cut-answer”" },
    { "on: after-accept", "Line 1: “after-accept”" },
    { "on: after-accept cut-after-bytes 5", "Line 1: “after-accept”" },
    { "on: cut-after-bytes 5, no-openrosa-headers", "Line 1: “cut-after-bytes”" },
    { "on once: slow-read 5ms", "Line 1: “slow-read”" },
    { "seed", "Line 1: “seed”" },
    { "seed -1", "Line 1: “-1”" },
    { "seed 1 2", "Line 1: “2”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(FpFaultScript) script = fp_fault_script_parse (cases[i].text, &error);

      g_assert_null (script);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      if (!g_str_has_prefix (error->message, cases[i].says))
        g_error ("%s: %s", cases[i].text, error->message);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fault-script/each-act-is-understood", test_acts);
  g_test_add_func ("/fault-script/method-and-path-decide", test_which);
  g_test_add_func ("/fault-script/counts-and-the-first-rule-decide", test_counts);
  g_test_add_func ("/fault-script/once-for-each-item", test_once);
  g_test_add_func ("/fault-script/head-before-body", test_stages);
  g_test_add_func ("/fault-script/same-seed-same-fate", test_seed);
  g_test_add_func ("/fault-script/mistakes-are-named", test_bad);

  return g_test_run ();
}
