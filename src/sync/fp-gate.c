#include "sync/fp-gate.h"

/* Where an item goes, in the words of the gate. */
typedef enum {
  PLACE_HERE,
  PLACE_LAN,
  PLACE_PUBLIC,
  PLACE_ANY, /* whatever is believed of the network */
} Place;

static Place
get_place (const FpGateHost *host,
           FpReach           reach)
{
  switch (reach)
    {
    case FP_REACH_ALWAYS:
      return PLACE_ANY;
    case FP_REACH_LAN:
      return PLACE_LAN;
    case FP_REACH_PUBLIC:
      return PLACE_PUBLIC;
    case FP_REACH_AUTO:
    default:
      break;
    }

  switch (host->kind)
    {
    case FP_HOST_LOOPBACK:
      return PLACE_HERE;
    case FP_HOST_PRIVATE:
      return PLACE_LAN;
    case FP_HOST_PUBLIC:
    default:
      return host->is_lan ? PLACE_LAN : PLACE_PUBLIC;
    }
}

/* The DNS of a sign-in page may lead any name to an address of its own network: there a name alone proves nothing. */
static gboolean
is_doubtful (const FpGateNetwork *network,
             const FpGateHost    *host,
             FpReach              reach)
{
  return network->link == FP_LINK_PORTAL && reach == FP_REACH_AUTO && host->kind == FP_HOST_PUBLIC && host->is_lan;
}

static FpGate
gate_of_link (const FpGateNetwork *network,
              const FpGateHost    *host)
{
  switch (network->link)
    {
    case FP_LINK_OFFLINE:
      return FP_GATE_OFFLINE;
    case FP_LINK_LIMITED:
      return host->proven ? FP_GATE_OPEN : FP_GATE_LIMITED;
    case FP_LINK_PORTAL:
      return FP_GATE_PORTAL;
    case FP_LINK_UNKNOWN:
    case FP_LINK_FULL:
    default:
      return FP_GATE_OPEN;
    }
}

static FpGate
gate_of_place (const FpGateNetwork *network,
               const FpGateHost    *host,
               FpReach              reach)
{
  switch (get_place (host, reach))
    {
    case PLACE_HERE:
    case PLACE_ANY:
      return FP_GATE_OPEN;
    case PLACE_LAN:
      if (is_doubtful (network, host, reach) && !host->proven)
        return FP_GATE_PORTAL;
      return network->has_link ? FP_GATE_OPEN : FP_GATE_OFFLINE;
    case PLACE_PUBLIC:
    default:
      return gate_of_link (network, host);
    }
}

/* What stays on this machine or on the LAN costs nothing. */
static gboolean
costs (const FpGateHost *host,
       FpReach           reach)
{
  Place place = get_place (host, reach);

  return place == PLACE_PUBLIC || (place == PLACE_ANY && host->kind == FP_HOST_PUBLIC && !host->is_lan);
}

/**
 * fp_gate_judge:
 * @network: what is believed of the network
 * @host: what is known of the item's host
 * @reach: how the endpoint is reached
 * @size: bytes of the item's body; -1 = a person asked for it, whatever it costs
 *
 * Whether an attempt can succeed at all now, and may be made (design 5.2, "Gate").
 */
FpGate
fp_gate_judge (const FpGateNetwork *network,
               const FpGateHost    *host,
               FpReach              reach,
               gint64               size)
{
  FpGate gate;

  if (network->paused)
    return FP_GATE_PAUSED;

  gate = gate_of_place (network, host, reach);
  if (gate == FP_GATE_OPEN && size > network->largest && costs (host, reach))
    return FP_GATE_METERED;

  return gate;
}

/**
 * fp_gate_may_ask:
 *
 * A name is looked up only where the answer can matter: on a network that is not
 * believed to lead to everything. The server is asked where it may be reached
 * although the internet is not: on a limited network, and behind a sign-in page
 * only where its name leads into the LAN.
 */
FpAsk
fp_gate_may_ask (const FpGateNetwork *network,
                 const FpGateHost    *host,
                 FpReach              reach)
{
  gboolean by_name = reach == FP_REACH_AUTO && host->kind == FP_HOST_PUBLIC;

  if (network->paused || host->proven || get_place (host, reach) == PLACE_ANY)
    return FP_ASK_NOTHING;
  if (network->link == FP_LINK_LIMITED && get_place (host, reach) == PLACE_PUBLIC)
    return FP_ASK_SERVER | (by_name ? FP_ASK_NAME : 0);
  if (network->link == FP_LINK_PORTAL && by_name)
    return FP_ASK_NAME | (host->is_lan ? FP_ASK_SERVER : 0);

  return FP_ASK_NOTHING;
}

/**
 * fp_metered_from_string:
 * @word: (nullable): the setting "metered": "limit", "never" or "always"; NULL = "limit"
 * @metered: (out): set where TRUE is returned
 *
 * Returns: FALSE for any other word
 */
gboolean
fp_metered_from_string (const char *word,
                        FpMetered  *metered)
{
  static const char *const words[] = { "limit", "never", "always" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (word ? word : words[0], words[i]))
      {
        *metered = i;
        return TRUE;
      }

  return FALSE;
}

/**
 * fp_metered_limit_from_string:
 * @word: (nullable): the setting "metered-limit": bytes, decimal digits; NULL = 1 MiB
 * @bytes: (out): set where TRUE is returned
 *
 * Returns: FALSE for anything else
 */
gboolean
fp_metered_limit_from_string (const char *word,
                              gint64     *bytes)
{
  guint64 number = FP_METERED_LIMIT_BYTES;

  if (word && !g_ascii_string_to_unsigned (word, 10, 0, G_MAXINT64, &number, NULL))
    return FALSE;

  *bytes = (gint64) number;
  return TRUE;
}
