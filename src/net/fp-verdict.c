#include "net/fp-verdict.h"

#include <string.h>

#include "net/fp-openrosa.h"
#include "net/fp-words.h"

/* What else has to be true for a row to apply. */
typedef enum
{
  ALWAYS,
  UNWRITTEN,   /* the request was not wholly written */
  BY_STRANGER, /* over cleartext from a public host, a web page; or from another origin */
  CLEARTEXT,   /* over cleartext from a public host */
  NO_JSON,     /* JSON is asked for, and it is none */
  REDIRECT_OK, /* a redirect is a yes here, and it is the server's */
  CREDENTIALS, /* the request carried some */
  FORBIDDEN,   /* the same, and the item before was refused like this */
  KEYED,       /* the request carried our key */
  REPOSTED,    /* the same bytes once more */
  ROSA_YES,    /* an OpenRosaResponse under its header */
  NO_ROSA,     /* neither its header nor its body: not an OpenRosa server */
  CLOSED,      /* the form takes nothing now, by the server's words */
  FILES,       /* two attachments or more */
  ONE_FILE,    /* one attachment */
  PAGE,        /* a web page, or nothing at all: a proxy in front */
} Sign;

enum
{
  CONTACTED = 1 << 0,
  BREAKER = 1 << 1,
  DEFINITE = 1 << 2,
};

/* The first row that fits. Source: design of the outbox, "What an answer means"; RFC 9110. */
typedef struct
{
  guint first;
  guint last;
  Sign sign;
  FpVerdictKind kind;
  const char *code;
  guint flags;
} Row;

static const Row plain_rows[] = {
  { 200, 299, UNWRITTEN,   FP_VERDICT_RETRY,        "server-incomplete",    CONTACTED },
  { 200, 299, BY_STRANGER, FP_VERDICT_BETWEEN,      "not-the-server",       BREAKER },
  { 200, 299, NO_JSON,     FP_VERDICT_BETWEEN,      "not-the-server",       BREAKER },
  { 200, 299, ALWAYS,      FP_VERDICT_RECEIPT,      NULL,                   CONTACTED },
  { 300, 399, CLEARTEXT,   FP_VERDICT_BETWEEN,      "not-the-server",       BREAKER },
  { 302, 303, REDIRECT_OK, FP_VERDICT_RECEIPT,      NULL,                   CONTACTED },
  { 307, 308, ALWAYS,      FP_VERDICT_SLOW,         "server-moved",         CONTACTED | DEFINITE },
  { 300, 399, ALWAYS,      FP_VERDICT_SLOW,         "server-moved",         CONTACTED },
  { 401, 401, CREDENTIALS, FP_VERDICT_HOLD_ACCOUNT, "account",              CONTACTED | DEFINITE },
  { 401, 401, ALWAYS,      FP_VERDICT_ITEM,         "item-account-missing", CONTACTED | DEFINITE },
  { 402, 402, ALWAYS,      FP_VERDICT_SLOW,         "server-refuses",       CONTACTED | DEFINITE },
  { 403, 403, FORBIDDEN,   FP_VERDICT_HOLD_ENDPOINT,"account-forbidden",    CONTACTED | DEFINITE },
  { 403, 403, ALWAYS,      FP_VERDICT_ITEM,         "item-forbidden",       CONTACTED | DEFINITE },
  { 404, 404, ALWAYS,      FP_VERDICT_SLOW,         "server-not-found",     CONTACTED | DEFINITE },
  { 405, 405, ALWAYS,      FP_VERDICT_SLOW,         "server-method",        CONTACTED | DEFINITE },
  { 407, 407, ALWAYS,      FP_VERDICT_HOLD_PROXY,   "proxy",                DEFINITE },
  { 408, 408, ALWAYS,      FP_VERDICT_RETRY,        "server-busy",          CONTACTED },
  { 409, 409, KEYED,       FP_VERDICT_RETRY,        "server-running",       CONTACTED },
  { 409, 409, ALWAYS,      FP_VERDICT_ITEM,         "item-conflict",        CONTACTED },
  { 410, 410, ALWAYS,      FP_VERDICT_SLOW,         "server-not-found",     CONTACTED | DEFINITE },
  { 413, 413, PAGE,        FP_VERDICT_SLOW,         "server-too-large",     CONTACTED | DEFINITE },
  { 413, 413, ALWAYS,      FP_VERDICT_ITEM,         "item-too-large",       CONTACTED | DEFINITE },
  { 423, 423, ALWAYS,      FP_VERDICT_RETRY,        "server-running",       CONTACTED },
  { 425, 425, ALWAYS,      FP_VERDICT_RETRY,        "server-busy",          CONTACTED | DEFINITE },
  { 429, 429, ALWAYS,      FP_VERDICT_RETRY,        "server-busy",          CONTACTED | BREAKER | DEFINITE },
  { 400, 499, ALWAYS,      FP_VERDICT_ITEM,         "item-refused",         CONTACTED | DEFINITE },
  { 503, 503, ALWAYS,      FP_VERDICT_RETRY,        "server-busy",          CONTACTED | BREAKER },
  { 511, 511, ALWAYS,      FP_VERDICT_BETWEEN,      "not-the-server",       BREAKER },
  { 500, 599, ALWAYS,      FP_VERDICT_RETRY,        "server-error",         CONTACTED },
  {   0, 999, ALWAYS,      FP_VERDICT_BETWEEN,      "not-the-server",       BREAKER },
};

/* Only what differs; the rest is as above. */
static const Row openrosa_rows[] = {
  { 200, 299, UNWRITTEN,   FP_VERDICT_RETRY,        "server-incomplete",    CONTACTED },
  { 201, 202, ROSA_YES,    FP_VERDICT_RECEIPT,      NULL,                   CONTACTED },
  { 200, 299, ALWAYS,      FP_VERDICT_BETWEEN,      "not-the-server",       BREAKER },
  { 401, 401, ALWAYS,      FP_VERDICT_HOLD_FORM,    "access",               CONTACTED | DEFINITE },
  { 403, 403, ALWAYS,      FP_VERDICT_HOLD_FORM,    "access",               CONTACTED | DEFINITE },
  { 404, 404, NO_ROSA,     FP_VERDICT_BETWEEN,      "not-the-server",       BREAKER },
  { 409, 409, CLOSED,      FP_VERDICT_SLOW,         "form-closed",          CONTACTED | DEFINITE },
  { 409, 409, REPOSTED,    FP_VERDICT_ITEM,         "item-conflict",        CONTACTED | DEFINITE },
  { 409, 409, ALWAYS,      FP_VERDICT_REPOST,       "server-conflict",      CONTACTED },
  { 413, 413, FILES,       FP_VERDICT_SPLIT,        "server-too-large",     CONTACTED | DEFINITE },
  { 413, 413, ONE_FILE,    FP_VERDICT_ITEM,         "item-too-large",       CONTACTED | DEFINITE },
};

/* In place of an answer. CONTACTED and not DEFINITE only where something had been sent; DEFINITE also where that was
 * certainly not all of it. */
static const struct
{
  FpFault fault;
  FpVerdictKind kind;
  const char *code;
  gboolean breaker;
  gboolean contacts;
  gboolean never_whole;
} fault_rows[] = {
  { FP_FAULT_RESOLVE,    FP_VERDICT_RETRY,        "network-resolve",   TRUE,  FALSE, FALSE },
  { FP_FAULT_CONNECT,    FP_VERDICT_RETRY,        "network-connect",   TRUE,  FALSE, FALSE },
  { FP_FAULT_TLS,        FP_VERDICT_RETRY,        "network-tls",       TRUE,  FALSE, FALSE },
  { FP_FAULT_TIMEOUT,    FP_VERDICT_RETRY,        "network-timeout",   TRUE,  TRUE,  FALSE },
  { FP_FAULT_CUT,        FP_VERDICT_RETRY,        "network-cut",       TRUE,  TRUE,  FALSE },
  { FP_FAULT_BODY,       FP_VERDICT_ITEM,         "item-file-missing", FALSE, FALSE, TRUE },
  { FP_FAULT_CANCELLED,  FP_VERDICT_RETRY,        "network-cancelled", FALSE, FALSE, FALSE },
  { FP_FAULT_SECRET,     FP_VERDICT_HOLD_ACCOUNT, "account-missing",   FALSE, FALSE, FALSE },
  { FP_FAULT_URL,        FP_VERDICT_ITEM,         "item-address",      FALSE, FALSE, FALSE },
  { FP_FAULT_KEYRING,    FP_VERDICT_RETRY,        "keyring",           TRUE,  FALSE, FALSE },
  { FP_FAULT_OPEN_FILES, FP_VERDICT_RETRY,        "open-files",        TRUE,  FALSE, FALSE },
};

static gboolean
is_cleartext (const FpAnswer *answer)
{
  return !answer->secure && !answer->local_host;
}

static gboolean
has_rosa_body (const FpAnswer *answer)
{
  g_autofree char *message = fp_openrosa_dup_message (answer->body);

  return message != NULL;
}

static gboolean
has_rosa_header (const FpAnswer *answer)
{
  return fp_answer_peek_header (answer, "x-openrosa-version") != NULL;
}

/* Central words it like this; its answers carry no number that would tell. */
static gboolean
says_closed (const FpAnswer *answer)
{
  g_autofree char *words = _fp_words_dup (answer);
  g_autofree char *lower = words ? g_utf8_strdown (words, -1) : NULL;

  return lower && strstr (lower, "not currently accepting");
}

static gboolean
applies (Sign                    sign,
         const FpAnswer         *answer,
         const FpVerdictContext *context)
{
  switch (sign)
    {
    case UNWRITTEN:
      return !answer->wrote_all;
    case BY_STRANGER:
      return !answer->same_origin || (is_cleartext (answer) && _fp_words_is_html (answer));
    case CLEARTEXT:
      return is_cleartext (answer);
    case NO_JSON:
      return context->wants_json && !_fp_words_is_json (answer);
    case REDIRECT_OK:
      return context->takes_redirect && !context->openrosa && answer->wrote_all && answer->same_origin;
    case CREDENTIALS:
      return context->has_credentials;
    case FORBIDDEN:
      return context->has_credentials && context->forbidden;
    case KEYED:
      return context->has_key;
    case REPOSTED:
      return context->reposted;
    case ROSA_YES:
      return answer->same_origin && has_rosa_header (answer) && has_rosa_body (answer);
    case NO_ROSA:
      return !has_rosa_header (answer) && !has_rosa_body (answer);
    case CLOSED:
      return says_closed (answer);
    case FILES:
      return context->n_files > 1;
    case ONE_FILE:
      return context->n_files == 1;
    case PAGE:
      return _fp_words_is_html (answer) || _fp_words_is_empty (answer);
    case ALWAYS:
    default:
      return TRUE;
    }
}

static const Row *
find_row (const Row              *rows,
          gsize                   n,
          const FpAnswer         *answer,
          const FpVerdictContext *context)
{
  gsize i;

  for (i = 0; i < n; i++)
    if (answer->status >= rows[i].first && answer->status <= rows[i].last
        && applies (rows[i].sign, answer, context))
      return &rows[i];

  return NULL;
}

static void
judge_fault (const FpAnswer *answer,
             FpVerdict      *verdict)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (fault_rows) && fault_rows[i].fault != answer->fault; i++)
    ;
  g_return_if_fail (i < G_N_ELEMENTS (fault_rows));

  verdict->kind = fault_rows[i].kind;
  verdict->code = fault_rows[i].code;
  verdict->opens_breaker = fault_rows[i].breaker;
  verdict->contacted = fault_rows[i].contacts && answer->sent_any;
  verdict->definite = !answer->sent_any || fault_rows[i].never_whole;
  verdict->lost = verdict->contacted;
  verdict->words = g_strdup (answer->fault_text);
}

/* An https answer without a certificate was given by the proxy that should have led to the server. */
static gboolean
is_from_proxy (const FpAnswer *answer)
{
  return !answer->secure && answer->final_url
         && g_ascii_strncasecmp (answer->final_url, "https:", 6) == 0;
}

static void
judge_status (const FpAnswer         *answer,
              const FpVerdictContext *context,
              FpVerdict              *verdict)
{
  static const Row proxy = { 0, 999, ALWAYS, FP_VERDICT_BETWEEN, "not-the-server", BREAKER };
  const Row *row = NULL;

  if (is_from_proxy (answer) && answer->status != 407)
    row = &proxy;
  if (!row && context->openrosa)
    row = find_row (openrosa_rows, G_N_ELEMENTS (openrosa_rows), answer, context);
  if (!row)
    row = find_row (plain_rows, G_N_ELEMENTS (plain_rows), answer, context);
  g_return_if_fail (row != NULL);

  verdict->kind = row->kind;
  verdict->code = row->code;
  verdict->contacted = (row->flags & CONTACTED) != 0;
  verdict->opens_breaker = (row->flags & BREAKER) != 0;
  verdict->definite = (row->flags & DEFINITE) != 0;
  /* Of what went well nobody asks for a reason. */
  verdict->words = row->kind == FP_VERDICT_BETWEEN || row->kind == FP_VERDICT_RECEIPT ? NULL : _fp_words_dup (answer);
}

/**
 * fp_verdict_judge:
 * @answer: of one attempt
 * @context: what was asked, and how
 * @verdict: (out caller-allocates): cleared with fp_verdict_clear()
 *
 * What the answer means for the item. Pure, any thread.
 */
void
fp_verdict_judge (const FpAnswer         *answer,
                  const FpVerdictContext *context,
                  FpVerdict              *verdict)
{
  *verdict = (FpVerdict){ .kind = FP_VERDICT_RETRY, .retry_after = answer->retry_after };

  if (answer->fault != FP_FAULT_NONE)
    judge_fault (answer, verdict);
  else
    judge_status (answer, context, verdict);
}

void
fp_verdict_clear (FpVerdict *verdict)
{
  g_clear_pointer (&verdict->words, g_free);
}

/* Written by the sender, not by an answer alone. */
static const char *const later_codes[] = { "form-access", "account-none" };

static gpointer
collect_codes (gpointer data)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *codes = g_ptr_array_new ();
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (plain_rows); i++)
    if (plain_rows[i].code && g_hash_table_add (seen, (gpointer) plain_rows[i].code))
      g_ptr_array_add (codes, (gpointer) plain_rows[i].code);
  for (i = 0; i < G_N_ELEMENTS (openrosa_rows); i++)
    if (openrosa_rows[i].code && g_hash_table_add (seen, (gpointer) openrosa_rows[i].code))
      g_ptr_array_add (codes, (gpointer) openrosa_rows[i].code);
  for (i = 0; i < G_N_ELEMENTS (fault_rows); i++)
    g_ptr_array_add (codes, (gpointer) fault_rows[i].code);
  for (i = 0; i < G_N_ELEMENTS (later_codes); i++)
    g_ptr_array_add (codes, (gpointer) later_codes[i]);
  g_ptr_array_add (codes, NULL);

  return g_ptr_array_free (codes, FALSE);
}

/**
 * fp_verdict_list_codes:
 *
 * Returns: (transfer none): every code a verdict may have, NULL-terminated
 */
const char *const *
fp_verdict_list_codes (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, collect_codes, NULL);
}
