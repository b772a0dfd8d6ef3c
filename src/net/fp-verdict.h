/* fp-verdict.h — what an answer means: the table of design 5.3, pure */
#pragma once

#include "net/fp-http.h"

G_BEGIN_DECLS

typedef enum {
  FP_VERDICT_RECEIPT,      /* the server has it */
  FP_VERDICT_RETRY,        /* network or server: quick tries, then slow ones */
  FP_VERDICT_SLOW,         /* state of the server that an administrator repairs: slow tries */
  FP_VERDICT_ITEM,         /* the item's own fault: failed, never retried by itself */
  FP_VERDICT_BETWEEN,      /* something between answered (portal, proxy): keep, stop the host */
  FP_VERDICT_REPOST,       /* OpenRosa 409: the same bytes once more after >= 5 s */
  FP_VERDICT_SPLIT,        /* OpenRosa 413: the attachments in more requests */
  FP_VERDICT_HOLD_ACCOUNT,
  FP_VERDICT_HOLD_ENDPOINT,/* a second item of the account was refused at this address */
  FP_VERDICT_HOLD_FORM,    /* this form or the account: the form list will tell */
  FP_VERDICT_HOLD_PROXY,
} FpVerdictKind;

/* The codes: static, stable words that are stored and turned into sentences elsewhere. "item-" = the kind is ITEM.
 *
 * NULL                    a receipt
 * "network-resolve"       the name of the server is not known here
 * "network-connect"       the server cannot be reached: refused, no route
 * "network-tls"           no trusted encrypted connection: certificate, handshake
 * "network-timeout"       nothing moved for too long
 * "network-cut"           the connection ended in the middle
 * "network-cancelled"     we broke the attempt off ourselves
 * "not-the-server"        something between answered: a sign-in page, a proxy, the wrong program
 * "server-busy"           408, 425, 429, 503: asks for patience
 * "server-error"          any other 5xx
 * "server-running"        409 to our key, 423: it still works on an earlier try of the same item
 * "server-incomplete"     it said yes without having been given the whole request
 * "server-conflict"       OpenRosa 409: the same bytes are posted once more
 * "server-moved"          a redirect that is not followed
 * "server-not-found"      404, 410: no such address or form there now
 * "server-refuses"        402: a quota is used up
 * "server-method"         405: the address takes other methods
 * "server-too-large"      413 by a proxy in front of the server, or to be split
 * "form-closed"           the form does not accept submissions now
 * "access"                401, 403 of an OpenRosa server: the account, or this form
 * "form-access"           the same, and the account may read the form list: it is this form
 * "account"               401 although credentials were sent; or the form list was refused too
 * "account-none"          the form list was refused, and no credentials were sent
 * "account-forbidden"     403 to several items of an account at this address
 * "account-missing"       the account's secret is not in the keyring, or belongs to another server
 * "keyring"               the keyring is locked or absent
 * "open-files"            this computer has too many files open
 * "proxy"                 407
 * "item-account-missing"  401 to a request without credentials
 * "item-forbidden"        403
 * "item-conflict"         409: the server has something else under this name
 * "item-too-large"        413 by the server itself
 * "item-refused"          400, 411, 414, 415, 422 and any other 4xx
 * "item-file-missing"     a file of the item cannot be read, or has changed
 * "item-address"          no http(s) URL, or cleartext to a public host without an explicit choice
 */
typedef struct {
  FpVerdictKind  kind;
  const char    *code;         /* (nullable): static, see above */
  char          *words;        /* the server's own words or the system's, short, UTF-8; (nullable) */
  gint64         retry_after;  /* ms; -1 = none */
  gboolean       contacted;    /* the server itself answered, or took the request and went silent: uses up a try */
  gboolean       opens_breaker;/* connection faults, 429, 503, something between */
  gboolean       definite;     /* certainly not stored: clears maybe_delivered */
  gboolean       lost;         /* no answer told what became of it, and some of it had been sent */
} FpVerdict;

typedef struct {
  gboolean openrosa;
  gboolean has_credentials; /* the request carried some */
  gboolean has_key;         /* the request carried our Idempotency-Key */
  gboolean reposted;        /* this was the second post after a 409 */
  gboolean forbidden;       /* the one before to this address with these credentials had a 403 too */
  gboolean wants_json;      /* only a 2xx with JSON is a yes here */
  gboolean takes_redirect;  /* a 302 or 303 is a yes here too */
  guint    n_files;         /* attachments in this request of a submission */
} FpVerdictContext;

void        fp_verdict_judge   (const FpAnswer         *answer,
                                const FpVerdictContext *context,
                                FpVerdict              *verdict);
void        fp_verdict_clear   (FpVerdict              *verdict);
/* Every code there is, NULL-terminated: for the test that each has its sentence. */
const char *const *
            fp_verdict_list_codes (void);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FpVerdict, fp_verdict_clear)

G_END_DECLS
