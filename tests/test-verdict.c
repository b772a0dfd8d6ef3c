/* Every cell of the table of what answers mean. */
#include "net/fp-verdict.h"

#include <string.h>

#define ROSA                                                                                       \
  "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message>%s</message>"            \
  "</OpenRosaResponse>"
#define ROSA_OK                                                                                    \
  "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message>done</message>"          \
  "</OpenRosaResponse>"
#define ROSA_CLOSED                                                                                \
  "<OpenRosaResponse><message>Could not: this form is not currently accepting submissions."        \
  "</message></OpenRosaResponse>"
#define HTML "<!DOCTYPE html><html><body>Sign in</body></html>"

/* What is true of an answer by default: https, our origin, everything written, credentials, no key. */
enum
{
  CLEAR = 1 << 0,     /* http, public host */
  LOCAL = 1 << 1,     /* http, loopback or LAN */
  PARTLY = 1 << 2,    /* the body was not wholly written */
  STRANGE = 1 << 3,   /* another origin */
  ANONYMOUS = 1 << 4, /* no credentials */
  KEY = 1 << 5,
  AGAIN = 1 << 6,     /* reposted */
  HEADER = 1 << 7,    /* X-OpenRosa-Version */
  BY_PROXY = 1 << 8,  /* https, but nobody showed a certificate */
  TWICE = 1 << 9,     /* the item before had a 403 here too */
  JSON = 1 << 10,     /* endpoint setting: 2xx with JSON */
  REDIR = 1 << 11,    /* endpoint setting: also 302 and 303 */
  FILE1 = 1 << 12,    /* one attachment in the request */
  FILE3 = 1 << 13,    /* three */
};

/* Of the verdict. */
enum
{
  C = 1 << 0, /* contacted */
  B = 1 << 1, /* opens the breaker */
  D = 1 << 2, /* definite */
};

typedef struct
{
  guint first;
  guint last;
  guint given;
  const char *body;
  FpVerdictKind kind;
  const char *code;
  guint flags;
} Case;

#define RECEIPT FP_VERDICT_RECEIPT
#define RETRY FP_VERDICT_RETRY
#define SLOW FP_VERDICT_SLOW
#define ITEM FP_VERDICT_ITEM
#define BETWEEN FP_VERDICT_BETWEEN
#define REPOST FP_VERDICT_REPOST

static const Case plain[] = {
  /* clang-format off */
  { 200, 299, 0,              "",       RECEIPT, NULL,                   C },
  { 200, 299, 0,              HTML,     RECEIPT, NULL,                   C },
  { 200, 299, LOCAL,          HTML,     RECEIPT, NULL,                   C },
  { 200, 299, CLEAR,          "{}",     RECEIPT, NULL,                   C },
  { 200, 299, CLEAR,          HTML,     BETWEEN, "not-the-server",       B },
  { 200, 299, CLEAR,          " <HTML>",BETWEEN, "not-the-server",       B },
  { 200, 299, STRANGE,        "",       BETWEEN, "not-the-server",       B },
  { 200, 299, PARTLY,         "",       RETRY,   "server-incomplete",    C },
  { 200, 299, PARTLY | LOCAL, ROSA_OK,  RETRY,   "server-incomplete",    C },
  { 200, 299, JSON,           "{}",     RECEIPT, NULL,                   C },
  { 200, 299, JSON,           " [1]\n", RECEIPT, NULL,                   C },
  { 200, 299, JSON,           "\"ok\"", RECEIPT, NULL,                   C },
  { 200, 299, JSON,           "",       BETWEEN, "not-the-server",       B },
  { 200, 299, JSON,           "ok",     BETWEEN, "not-the-server",       B },
  { 200, 299, JSON | LOCAL,   HTML,     BETWEEN, "not-the-server",       B },
  { 200, 299, JSON,           "{\"a\":", BETWEEN, "not-the-server",      B },
  { 200, 299, JSON | PARTLY,  "{}",     RETRY,   "server-incomplete",    C },
  { 302, 303, REDIR,          HTML,     RECEIPT, NULL,                   C },
  { 302, 303, REDIR | LOCAL,  "",       RECEIPT, NULL,                   C },
  { 302, 303, REDIR | CLEAR,  "",       BETWEEN, "not-the-server",       B },
  { 302, 303, REDIR | PARTLY, "",       SLOW,    "server-moved",         C },
  { 302, 303, REDIR | STRANGE,"",       SLOW,    "server-moved",         C },
  { 302, 303, REDIR | BY_PROXY, "",     BETWEEN, "not-the-server",       B },
  { 300, 301, REDIR,          "",       SLOW,    "server-moved",         C },
  { 304, 306, REDIR,          "",       SLOW,    "server-moved",         C },
  { 307, 308, REDIR,          "",       SLOW,    "server-moved",         C | D },
  { 200, 299, REDIR,          "",       RECEIPT, NULL,                   C },
  { 200, 599, BY_PROXY,       "",       BETWEEN, "not-the-server",       B },
  { 300, 306, 0,              "",       SLOW,    "server-moved",         C },
  { 307, 308, 0,              "",       SLOW,    "server-moved",         C | D },
  { 309, 399, LOCAL,          "",       SLOW,    "server-moved",         C },
  { 300, 399, CLEAR,          "",       BETWEEN, "not-the-server",       B },
  { 400, 400, 0,              "",       ITEM,    "item-refused",         C | D },
  { 401, 401, 0,              "",       FP_VERDICT_HOLD_ACCOUNT, "account", C | D },
  { 401, 401, ANONYMOUS,      "",       ITEM,    "item-account-missing", C | D },
  { 402, 402, 0,              "",       SLOW,    "server-refuses",       C | D },
  { 403, 403, 0,              "",       ITEM,    "item-forbidden",       C | D },
  { 403, 403, ANONYMOUS,      "",       ITEM,    "item-forbidden",       C | D },
  { 403, 403, TWICE,          "",       FP_VERDICT_HOLD_ENDPOINT, "account-forbidden", C | D },
  { 403, 403, TWICE | ANONYMOUS, "",    ITEM,    "item-forbidden",       C | D },
  { 404, 404, 0,              HTML,     SLOW,    "server-not-found",     C | D },
  { 405, 405, 0,              "",       SLOW,    "server-method",       C | D },
  { 406, 406, 0,              "",       ITEM,    "item-refused",         C | D },
  { 407, 407, CLEAR,          "",       FP_VERDICT_HOLD_PROXY, "proxy",  D },
  { 407, 407, BY_PROXY,       "",       FP_VERDICT_HOLD_PROXY, "proxy",  D },
  { 408, 408, 0,              "",       RETRY,   "server-busy",          C },
  { 409, 409, 0,              "",       ITEM,    "item-conflict",        C },
  { 409, 409, KEY,            "",       RETRY,   "server-running",       C },
  { 410, 410, 0,              "",       SLOW,    "server-not-found",     C | D },
  { 411, 412, 0,              "",       ITEM,    "item-refused",         C | D },
  { 413, 413, 0,              "",       SLOW,    "server-too-large",     C | D },
  { 413, 413, 0,              HTML,     SLOW,    "server-too-large",     C | D },
  { 413, 413, 0,              "{}",     ITEM,    "item-too-large",       C | D },
  { 414, 422, 0,              "",       ITEM,    "item-refused",         C | D },
  { 423, 423, 0,              "",       RETRY,   "server-running",       C },
  { 424, 424, 0,              "",       ITEM,    "item-refused",         C | D },
  { 425, 425, 0,              "",       RETRY,   "server-busy",          C | D },
  { 426, 428, 0,              "",       ITEM,    "item-refused",         C | D },
  { 429, 429, 0,              "",       RETRY,   "server-busy",          C | B | D },
  { 430, 499, 0,              "",       ITEM,    "item-refused",         C | D },
  { 500, 502, 0,              HTML,     RETRY,   "server-error",         C },
  { 503, 503, 0,              "",       RETRY,   "server-busy",          C | B },
  { 504, 510, 0,              "",       RETRY,   "server-error",         C },
  { 511, 511, 0,              "",       BETWEEN, "not-the-server",       B },
  { 512, 599, 0,              "",       RETRY,   "server-error",         C },
  { 101, 101, 0,              "",       BETWEEN, "not-the-server",       B },
  { 600, 999, 0,              "",       BETWEEN, "not-the-server",       B },
  /* clang-format on */
};

static const Case openrosa[] = {
  /* clang-format off */
  { 201, 202, HEADER,         ROSA_OK,  RECEIPT, NULL,                   C },
  { 201, 202, 0,              ROSA_OK,  BETWEEN, "not-the-server",       B },
  { 204, 204, 0,              "",       BETWEEN, "not-the-server",       B },
  { 201, 202, HEADER | CLEAR, ROSA_OK,  RECEIPT, NULL,                   C },
  { 201, 202, PARTLY,         ROSA_OK,  RETRY,   "server-incomplete",    C },
  { 201, 202, STRANGE,        ROSA_OK,  BETWEEN, "not-the-server",       B },
  { 201, 202, HEADER,         "",       BETWEEN, "not-the-server",       B },
  { 201, 202, HEADER,         "{}",     BETWEEN, "not-the-server",       B },
  { 201, 202, LOCAL,          HTML,     BETWEEN, "not-the-server",       B },
  { 201, 201, HEADER,         "<OpenRosaResponse><message>do", BETWEEN, "not-the-server", B },
  { 200, 200, HEADER,         ROSA_OK,  BETWEEN, "not-the-server",       B },
  { 203, 299, HEADER,         ROSA_OK,  BETWEEN, "not-the-server",       B },
  { 200, 599, BY_PROXY,       ROSA_OK,  BETWEEN, "not-the-server",       B },
  { 302, 302, 0,              HTML,     SLOW,    "server-moved",         C },
  { 302, 302, CLEAR,          HTML,     BETWEEN, "not-the-server",       B },
  { 307, 308, LOCAL,          "",       SLOW,    "server-moved",         C | D },
  { 400, 400, 0,              "{}",     ITEM,    "item-refused",         C | D },
  { 401, 401, 0,              "",       FP_VERDICT_HOLD_FORM, "access", C | D },
  { 401, 401, ANONYMOUS,      "",       FP_VERDICT_HOLD_FORM, "access", C | D },
  { 403, 403, 0,              ROSA_OK,  FP_VERDICT_HOLD_FORM, "access", C | D },
  { 402, 402, 0,              ROSA_OK,  SLOW,    "server-refuses",       C | D },
  { 404, 404, 0,              HTML,     BETWEEN, "not-the-server",       B },
  { 404, 404, 0,              "{}",     BETWEEN, "not-the-server",       B },
  { 404, 404, HEADER,         "{}",     SLOW,    "server-not-found",     C | D },
  { 404, 404, 0,              ROSA_OK,  SLOW,    "server-not-found",     C | D },
  { 405, 405, 0,              ROSA_OK,  SLOW,    "server-method",       C | D },
  { 407, 407, CLEAR,          "",       FP_VERDICT_HOLD_PROXY, "proxy",  D },
  { 409, 409, 0,              ROSA_OK,  REPOST,  "server-conflict",      C },
  { 409, 409, KEY,            ROSA_OK,  REPOST,  "server-conflict",      C },
  { 409, 409, 0,              "",       REPOST,  "server-conflict",      C },
  { 409, 409, AGAIN,          ROSA_OK,  ITEM,    "item-conflict",        C | D },
  { 409, 409, 0,              ROSA_CLOSED, SLOW, "form-closed",          C | D },
  { 409, 409, AGAIN,          ROSA_CLOSED, SLOW, "form-closed",          C | D },
  { 410, 410, 0,              ROSA_OK,  SLOW,    "server-not-found",     C | D },
  { 411, 411, 0,              "",       ITEM,    "item-refused",         C | D },
  { 413, 413, FILE3,          HTML,     FP_VERDICT_SPLIT, "server-too-large", C | D },
  { 413, 413, FILE3,          ROSA_OK,  FP_VERDICT_SPLIT, "server-too-large", C | D },
  { 413, 413, FILE1,          HTML,     ITEM,    "item-too-large",       C | D },
  { 413, 413, FILE1,          ROSA_OK,  ITEM,    "item-too-large",       C | D },
  { 413, 413, 0,              HTML,     SLOW,    "server-too-large",     C | D },
  { 413, 413, 0,              ROSA_OK,  ITEM,    "item-too-large",       C | D },
  { 415, 415, 0,              "",       ITEM,    "item-refused",         C | D },
  { 422, 422, 0,              "",       ITEM,    "item-refused",         C | D },
  { 423, 423, 0,              ROSA_OK,  RETRY,   "server-running",       C },
  { 408, 408, 0,              "",       RETRY,   "server-busy",          C },
  { 425, 425, 0,              "",       RETRY,   "server-busy",          C | D },
  { 429, 429, 0,              "",       RETRY,   "server-busy",          C | B | D },
  { 500, 502, 0,              "{}",     RETRY,   "server-error",         C },
  { 503, 503, 0,              "",       RETRY,   "server-busy",          C | B },
  { 511, 511, 0,              HTML,     BETWEEN, "not-the-server",       B },
  /* clang-format on */
};

static FpAnswer *
new_answer (guint       status,
            guint       given,
            const char *body)
{
  FpAnswer *answer = g_new0 (FpAnswer, 1);
  gboolean clear = (given & (CLEAR | LOCAL)) != 0;

  answer->status = status;
  answer->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  answer->body = g_bytes_new (body, strlen (body));
  answer->wrote_all = !(given & PARTLY);
  answer->sent_any = TRUE;
  answer->final_url = g_strdup (clear ? "http://example.org/" : "https://example.org/");
  answer->same_origin = !(given & STRANGE);
  answer->secure = !clear && !(given & BY_PROXY);
  answer->local_host = (given & LOCAL) != 0;
  answer->retry_after = -1;
  if (given & HEADER)
    g_hash_table_insert (answer->headers, g_strdup ("x-openrosa-version"), g_strdup ("1.0"));

  return answer;
}

static FpVerdictContext
context_of (gboolean is_openrosa,
            guint    given)
{
  return (FpVerdictContext){ .openrosa = is_openrosa,
                             .has_credentials = !(given & ANONYMOUS),
                             .has_key = (given & KEY) != 0,
                             .reposted = (given & AGAIN) != 0,
                             .forbidden = (given & TWICE) != 0,
                             .wants_json = (given & JSON) != 0,
                             .takes_redirect = (given & REDIR) != 0,
                             .n_files = given & FILE3 ? 3 : given & FILE1 ? 1 : 0 };
}

static void
assert_flags (const FpVerdict *verdict,
              guint            flags)
{
  g_assert_cmpint (verdict->contacted, ==, (flags & C) != 0);
  g_assert_cmpint (verdict->opens_breaker, ==, (flags & B) != 0);
  g_assert_cmpint (verdict->definite, ==, (flags & D) != 0);
}

static void
check_case (const Case *row,
            guint       status,
            gboolean    is_openrosa)
{
  g_autoptr(FpAnswer) answer = new_answer (status, row->given, row->body);
  FpVerdictContext context = context_of (is_openrosa, row->given);
  g_auto(FpVerdict) verdict = { 0 };

  /* The proxy's own question is the one answer of a proxy that is understood. */
  if ((row->given & BY_PROXY) && status == 407 && row->first != 407)
    return;

  fp_verdict_judge (answer, &context, &verdict);
  if (verdict.kind != row->kind || g_strcmp0 (verdict.code, row->code) != 0)
    g_error ("%u given %x with %s: %d %s", status, row->given, row->body, verdict.kind,
             verdict.code);
  assert_flags (&verdict, row->flags);
  g_assert_cmpint (verdict.retry_after, ==, -1);
}

static void
test_plain (void)
{
  guint status;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (plain); i++)
    for (status = plain[i].first; status <= plain[i].last; status++)
      check_case (&plain[i], status, FALSE);
}

static void
test_openrosa (void)
{
  guint status;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (openrosa); i++)
    for (status = openrosa[i].first; status <= openrosa[i].last; status++)
      check_case (&openrosa[i], status, TRUE);
}

/* Nothing but what the table names may take an item out of the outbox, whatever else is true of the answer. */
static void
test_receipts_are_rare (void)
{
  static const char *const bodies[] = { "", "{}", "ok", HTML, ROSA_OK };
  guint status;
  guint given;
  guint i;

  for (status = 0; status < 1000; status++)
    for (given = 0; given < 1 << 12; given++)
      for (i = 0; i < G_N_ELEMENTS (bodies); i++)
        {
          g_autoptr(FpAnswer) answer = NULL;
          FpVerdictContext context = context_of (given & 1, given);
          g_auto(FpVerdict) verdict = { 0 };

          /* All of them for the statuses that mean something, a sample of the rest. */
          if ((status < 200 || status > 399 || status % 100 > 9) && (status * 31 + given) % 97 != 0)
            continue;
          answer = new_answer (status, given, bodies[i]);
          fp_verdict_judge (answer, &context, &verdict);
          if (verdict.kind != RECEIPT)
            {
              g_assert_nonnull (verdict.code);
              g_assert_cmpint (g_str_has_prefix (verdict.code, "item-"), ==, verdict.kind == ITEM);
              continue;
            }
          g_assert_null (verdict.code);
          g_assert_true (status / 100 == 2 || (context.takes_redirect && (status == 302 || status == 303)));
          g_assert_true (answer->wrote_all && answer->same_origin);
          g_assert_false ((given & BY_PROXY) && !(given & (CLEAR | LOCAL)));
          if (context.openrosa)
            g_assert_true ((status == 201 || status == 202) && i == 4 && (given & HEADER));
          if (!context.openrosa && context.wants_json && status / 100 == 2)
            g_assert_cmpuint (i, ==, 1);
        }
}

static void
test_faults (void)
{
  static const struct
  {
    FpFault fault;
    FpVerdictKind kind;
    const char *code;
    guint unsent;
    guint sent;
  } rows[] = {
    { FP_FAULT_RESOLVE, RETRY, "network-resolve", B | D, B },
    { FP_FAULT_CONNECT, RETRY, "network-connect", B | D, B },
    { FP_FAULT_TLS, RETRY, "network-tls", B | D, B },
    { FP_FAULT_TIMEOUT, RETRY, "network-timeout", B | D, B | C },
    { FP_FAULT_CUT, RETRY, "network-cut", B | D, B | C },
    { FP_FAULT_BODY, ITEM, "item-file-missing", D, D },
    { FP_FAULT_CANCELLED, RETRY, "network-cancelled", D, 0 },
    { FP_FAULT_SECRET, FP_VERDICT_HOLD_ACCOUNT, "account-missing", D, 0 },
    { FP_FAULT_URL, ITEM, "item-address", D, 0 },
    { FP_FAULT_KEYRING, RETRY, "keyring", B | D, B },
    { FP_FAULT_OPEN_FILES, RETRY, "open-files", B | D, B },
  };
  guint i;

  for (i = 0; i < 2 * G_N_ELEMENTS (rows); i++)
    {
      FpAnswer answer = { .fault = rows[i / 2].fault, .fault_text = (char *) "words",
                          .retry_after = -1, .sent_any = i % 2 };
      FpVerdictContext context = { 0 };
      g_auto(FpVerdict) verdict = { 0 };

      fp_verdict_judge (&answer, &context, &verdict);
      g_assert_cmpint (verdict.kind, ==, rows[i / 2].kind);
      g_assert_cmpstr (verdict.code, ==, rows[i / 2].code);
      g_assert_cmpstr (verdict.words, ==, "words");
      assert_flags (&verdict, i % 2 ? rows[i / 2].sent : rows[i / 2].unsent);
      /* Only a silence after something was sent is a lost answer. */
      g_assert_cmpint (verdict.lost, ==,
                       i % 2 && (answer.fault == FP_FAULT_TIMEOUT || answer.fault == FP_FAULT_CUT));
    }
}

static void
test_retry_after (void)
{
  g_autoptr(FpAnswer) answer = new_answer (503, 0, "");
  FpVerdictContext context = { 0 };
  g_auto(FpVerdict) verdict = { 0 };

  answer->retry_after = 120000;
  fp_verdict_judge (answer, &context, &verdict);
  g_assert_cmpint (verdict.retry_after, ==, 120000);
}

static void
test_words (void)
{
  static const struct
  {
    const char *type;
    const char *body;
    const char *words;
  } rows[] = {
    { "text/xml", ROSA_OK, "done" },
    { "text/xml", "<OpenRosaResponse><message>\n a\t\n b </message></OpenRosaResponse>", "a b" },
    { "text/xml", "<OpenRosaResponse/>", NULL },
    { "application/json", "{\"message\":\"Bad form\",\"code\":400.7}", "Bad form" },
    { "application/json", "{\"error\":{\"message\":\"deep\"}}", "deep" },
    { "application/json", "{\"error\":\"short\"}", "short" },
    { "application/problem+json", "{\"title\":\"T\",\"detail\":\"D\",\"status\":400}", "D" },
    { "application/json", "{\"errors\":[{\"message\":\"first\"},{\"message\":\"second\"}]}", "first" },
    { "application/json", "[\"listed\"]", "listed" },
    { "application/json", "\"bare\"", "bare" },
    { "application/json", "{\"error\":true,\"detail\":\"D\"}", "D" },
    { "application/json", "{\"a\":1}", NULL },
    { "application/json", "{broken", NULL },
    { NULL, "{\"message\":\"untyped\"}", "untyped" },
    { "text/plain", "No such form\n", "No such form" },
    { "text/plain; charset=utf-8", "Nicht \303\274bertragen", "Nicht \303\274bertragen" },
    { NULL, "plain", "plain" },
    { "text/plain", "\xff\xfe", NULL },
    { "text/plain", "a <b>soup</b>", NULL },
    { "text/html", HTML, NULL },
    { "text/html", "Sign in here", NULL },
    { "text/plain", HTML, NULL },
    { "application/octet-stream", "binary", NULL },
    { "text/plain", "left\342\200\256right \033[31mred", "leftright [31mred" },
    { NULL, "", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(FpAnswer) answer = new_answer (400, 0, rows[i].body);
      FpVerdictContext context = { 0 };
      g_auto(FpVerdict) verdict = { 0 };

      if (rows[i].type)
        g_hash_table_insert (answer->headers, g_strdup ("content-type"), g_strdup (rows[i].type));
      fp_verdict_judge (answer, &context, &verdict);
      g_assert_cmpstr (verdict.words, ==, rows[i].words);
    }
}

static void
test_words_are_short (void)
{
  g_autofree char *a = g_strnfill (900, 'a');
  g_autofree char *rosa = g_strdup_printf (ROSA, a);
  g_autofree char *plain_page = g_strnfill (5000, 'a');
  const char *bodies[] = { a, rosa };
  g_autoptr(FpAnswer) page = new_answer (400, 0, plain_page);
  FpVerdictContext context = { 0 };
  g_auto(FpVerdict) long_verdict = { 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(FpAnswer) answer = new_answer (400, 0, bodies[i]);
      g_auto(FpVerdict) verdict = { 0 };

      fp_verdict_judge (answer, &context, &verdict);
      g_assert_cmpint (g_utf8_strlen (verdict.words, -1), ==, 301);
      g_assert_true (g_str_has_suffix (verdict.words, "…"));
    }
  fp_verdict_judge (page, &context, &long_verdict);
  g_assert_null (long_verdict.words);
}

/* Of what is longer than is read the beginning is JSON, and it is called so. */
static void
test_json_cut (void)
{
  static const char *const types[] = { "application/json; charset=utf-8", "text/html", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr(FpAnswer) answer = new_answer (200, 0, "{\"a\": [1, 2");
      FpVerdictContext context = { .wants_json = TRUE };
      g_auto(FpVerdict) verdict = { 0 };

      answer->body_cut = TRUE;
      if (types[i])
        g_hash_table_insert (answer->headers, g_strdup ("content-type"), g_strdup (types[i]));
      fp_verdict_judge (answer, &context, &verdict);
      g_assert_cmpint (verdict.kind, ==, i == 0 ? RECEIPT : BETWEEN);
    }
}

/* Its words may be anything, so they are not shown as the server's. */
static void
test_stranger_has_no_words (void)
{
  g_autoptr(FpAnswer) answer = new_answer (511, CLEAR, "Pay at evil.example");
  FpVerdictContext context = { 0 };
  g_auto(FpVerdict) verdict = { 0 };

  fp_verdict_judge (answer, &context, &verdict);
  g_assert_null (verdict.words);
}

static void
test_codes (void)
{
  const char *const *codes = fp_verdict_list_codes ();
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint i;

  for (i = 0; codes[i]; i++)
    g_assert_true (g_hash_table_add (seen, (gpointer) codes[i]));
  for (i = 0; i < G_N_ELEMENTS (plain); i++)
    g_assert_true (!plain[i].code || g_hash_table_contains (seen, plain[i].code));
  for (i = 0; i < G_N_ELEMENTS (openrosa); i++)
    g_assert_true (!openrosa[i].code || g_hash_table_contains (seen, openrosa[i].code));
  g_assert_cmpuint (g_hash_table_size (seen), ==, 34);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/verdict/plain/every-status", test_plain);
  g_test_add_func ("/verdict/openrosa/every-status", test_openrosa);
  g_test_add_func ("/verdict/receipt/only-what-the-table-names", test_receipts_are_rare);
  g_test_add_func ("/verdict/fault/every-fault", test_faults);
  g_test_add_func ("/verdict/retry-after/is-passed-on", test_retry_after);
  g_test_add_func ("/verdict/success/json-that-was-cut", test_json_cut);
  g_test_add_func ("/verdict/words/are-the-servers", test_words);
  g_test_add_func ("/verdict/words/are-short", test_words_are_short);
  g_test_add_func ("/verdict/words/not-of-a-stranger", test_stranger_has_no_words);
  g_test_add_func ("/verdict/codes/are-complete", test_codes);

  return g_test_run ();
}
