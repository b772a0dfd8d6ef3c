#include "config.h"

#include "engine/fp-engine.h"

#include <glib/gi18n.h>

typedef struct {
  const char *code;
  const char *sentence;
  gboolean    with_words; /* what the server or the system said helps a person */
} Reason;

/* One sentence for each code of net/fp-verdict.h and of the sender: what happened, in words that say whose turn it
 * is. */
static const Reason reasons[] = {
  { "network-resolve", N_("The server's name is not known on this network"), FALSE },
  { "network-connect", N_("The server cannot be reached"), FALSE },
  { "network-tls", N_("No trusted connection to the server"), TRUE },
  { "network-timeout", N_("The server did not answer in time"), FALSE },
  { "network-cut", N_("The connection broke off"), FALSE },
  { "network-cancelled", N_("Sending was interrupted"), FALSE },
  { "metered", N_("Waits for a network that is not metered"), FALSE },
  { "not-the-server", N_("Something else than the server answered"), TRUE },
  { "server-busy", N_("The server is busy"), TRUE },
  { "server-error", N_("The server has a problem"), TRUE },
  { "server-running", N_("The server still works on an earlier try"), FALSE },
  { "server-incomplete", N_("The server answered before it had everything"), FALSE },
  { "server-conflict", N_("The server says it has other data under this identity; asking it once more"), TRUE },
  { "server-moved", N_("The server points to another address"), TRUE },
  { "server-not-found", N_("The server does not know this address or form"), TRUE },
  { "server-refuses", N_("The server does not take submissions now"), TRUE },
  { "server-method", N_("This address does not take such requests; is it the right one?"), TRUE },
  { "server-too-large", N_("Too large for what stands before the server"), TRUE },
  { "form-closed", N_("The form does not take answers now"), TRUE },
  { "access", N_("The server refuses the account or this form"), TRUE },
  { "form-access", N_("You have no access to this form"), TRUE },
  { "account", N_("The server does not accept the user name or password"), TRUE },
  { "account-forbidden", N_("The server does not allow this account to send here"), TRUE },
  { "account-none", N_("No user name and password are stored for this server"), TRUE },
  { "account-missing", N_("The password for this server is missing"), FALSE },
  { "keyring", N_("The keyring is locked"), TRUE },
  { "open-files", N_("Too many files are open on this computer"), FALSE },
  { "proxy", N_("The network's proxy asks for a password"), TRUE },
  { "item-account-missing", N_("The server asks for a user name and password"), TRUE },
  { "item-forbidden", N_("The server does not allow this"), TRUE },
  { "item-conflict", N_("The server has other data under this identity"), TRUE },
  { "item-too-large", N_("Too large for the server"), TRUE },
  { "item-refused", N_("The server refused it"), TRUE },
  { "item-file-missing", N_("An attached file is missing or damaged"), TRUE },
  { "edited", N_("It goes on as a draft, or as a newer item"), FALSE },
  { "item-address", N_("This address cannot be sent to"), TRUE },
};

/* Why an item is held, where no answer says it. */
static const Reason holds[] = {
  { "user", N_("Held back until it is released"), FALSE },
  { "moving", N_("Not wholly exported yet: run the same export again"), FALSE },
  { "moved", N_("Moved to another place, to be sent from there"), FALSE },
  { "machine", N_("The outbox came from another computer, which may send it too"), FALSE },
  { "after", N_("Waits for an earlier version"), FALSE },
  { "lost", N_("It may have arrived; send it again?"), FALSE },
  { "staging", N_("Being copied"), FALSE },
};

/**
 * fp_reason_dup_words:
 * @reason_code: (nullable): of an item
 * @reason: (nullable): the server's or the system's own words
 * @next_try: unix ms, 0 = unknown
 *
 * Returns: (transfer full): the translated sentence on an item; "" where @reason_code is %NULL
 */
char *
fp_reason_dup_words (const char *reason_code,
                     const char *reason,
                     gint64      next_try)
{
  const Reason *found = NULL;

  if (!reason_code)
    return g_strdup ("");

  for (guint i = 0; i < G_N_ELEMENTS (reasons) && !found; i++)
    if (g_str_equal (reasons[i].code, reason_code))
      found = &reasons[i];

  if (g_str_equal (reason_code, "server-busy") && next_try > 0)
    {
      g_autofree char *time = fp_time_dup_words (next_try);

      return g_strdup_printf (_("Server asked to wait until %s"), time);
    }
  /* A later Fieldpost wrote it. */
  if (!found)
    return g_strdup (reason && *reason ? reason : reason_code);
  if (found->with_words && reason && *reason)
    return g_strdup_printf (_("%s: %s"), _(found->sentence), reason);

  return g_strdup (_(found->sentence));
}

/**
 * fp_item_dup_words:
 *
 * Returns: (transfer full) (nullable): the translated sentence on @item: why it is held, otherwise what went wrong
 *   last; %NULL = nothing is to be said
 */
char *
fp_item_dup_words (const FpItem *item)
{
  g_autofree char *first = g_strdup_printf ("%" G_GINT64_FORMAT, item->waits_for);

  if (item->state == FP_ITEM_HELD && item->waits_for && g_strcmp0 (item->hold, "after") == 0)
    return g_strdup_printf (_("Waits for #%s"), first);
  for (guint i = 0; item->state == FP_ITEM_HELD && i < G_N_ELEMENTS (holds); i++)
    if (g_strcmp0 (holds[i].code, item->hold) == 0)
      return g_strdup (_(holds[i].sentence));

  return item->reason_code ? fp_reason_dup_words (item->reason_code, item->reason, item->next_try) : NULL;
}
