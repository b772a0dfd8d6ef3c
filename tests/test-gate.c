/* The gate, cell by cell: design 5.2, "Gate" and "Metered". */
#include "sync/fp-gate.h"

#define MIB (G_GINT64_CONSTANT (1) << 20)

typedef struct {
  const char *name;
  FpReach reach;
  const char *url;
  gboolean is_lan; /* its name was looked up to private addresses */
  gboolean proven;
  const char *answers;
} Row;

/* One letter an answer: o(pen), x offline, p(ortal), l(imited); links in the order unknown, offline, limited, portal,
 * full, first without and then with a link that is up. */
static const Row rows[] = {
  { "auto/public", FP_REACH_AUTO, "https://example.org/x", FALSE, FALSE, "oxlpo" "oxlpo" },
  { "auto/public-that-answered", FP_REACH_AUTO, "https://example.org/x", FALSE, TRUE, "oxopo" "oxopo" },
  { "auto/loopback-v4", FP_REACH_AUTO, "http://127.0.0.1:8080/x", FALSE, FALSE, "ooooo" "ooooo" },
  { "auto/loopback-v6", FP_REACH_AUTO, "http://[::1]:8080/x", FALSE, FALSE, "ooooo" "ooooo" },
  { "auto/localhost", FP_REACH_AUTO, "http://localhost/x", FALSE, FALSE, "ooooo" "ooooo" },
  { "auto/rfc1918-10", FP_REACH_AUTO, "http://10.1.2.3/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/rfc1918-172", FP_REACH_AUTO, "http://172.31.0.9/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/beside-rfc1918-172", FP_REACH_AUTO, "http://172.32.0.9/x", FALSE, FALSE, "oxlpo" "oxlpo" },
  { "auto/rfc1918-192", FP_REACH_AUTO, "http://192.168.1.5/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/ula", FP_REACH_AUTO, "http://[fd12:3456::1]/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/link-local-v4", FP_REACH_AUTO, "http://169.254.7.7/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/link-local-v6", FP_REACH_AUTO, "http://[fe80::1]/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/100.64", FP_REACH_AUTO, "http://100.64.0.1/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/100.127", FP_REACH_AUTO, "http://100.127.255.254/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/beside-100.64", FP_REACH_AUTO, "http://100.128.0.1/x", FALSE, FALSE, "oxlpo" "oxlpo" },
  { "auto/local", FP_REACH_AUTO, "http://clinic.local/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "auto/single-label", FP_REACH_AUTO, "http://intranet/x", FALSE, FALSE, "xxxxx" "ooooo" },
  /* Behind a sign-in page any name may lead to an address of that network: there it has to answer for itself. */
  { "auto/name-of-a-private-address", FP_REACH_AUTO, "https://lab.example.org/x", TRUE, FALSE, "xxxpx" "ooopo" },
  { "auto/name-of-a-private-address-that-answered", FP_REACH_AUTO, "https://lab.example.org/x", TRUE, TRUE,
    "xxxxx" "ooooo" },
  { "public/loopback", FP_REACH_PUBLIC, "http://127.0.0.1:8080/x", FALSE, FALSE, "oxlpo" "oxlpo" },
  { "public/rfc1918", FP_REACH_PUBLIC, "http://192.168.1.5/x", FALSE, FALSE, "oxlpo" "oxlpo" },
  { "public/name-of-a-private-address", FP_REACH_PUBLIC, "https://lab.example.org/x", TRUE, FALSE, "oxlpo" "oxlpo" },
  { "public/that-answered", FP_REACH_PUBLIC, "https://example.org/x", FALSE, TRUE, "oxopo" "oxopo" },
  { "lan/public", FP_REACH_LAN, "https://example.org/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "lan/loopback", FP_REACH_LAN, "http://127.0.0.1/x", FALSE, FALSE, "xxxxx" "ooooo" },
  { "always/public", FP_REACH_ALWAYS, "https://example.org/x", FALSE, FALSE, "ooooo" "ooooo" },
  { "always/rfc1918", FP_REACH_ALWAYS, "http://10.0.0.1/x", FALSE, FALSE, "ooooo" "ooooo" },
};

static FpGateHost
host_of (const Row *row)
{
  return (FpGateHost){ .kind = fp_host_classify (row->url), .is_lan = row->is_lan, .proven = row->proven };
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  FpGateHost host = host_of (row);

  for (guint link = FP_LINK_UNKNOWN; link <= FP_LINK_FULL; link++)
    for (guint up = 0; up < 2; up++)
      {
        FpGateNetwork network = { .link = link, .has_link = up, .largest = FP_GATE_ANY_SIZE };
        char answer = row->answers[link + 5 * up];
        FpGate expected = answer == 'o'   ? FP_GATE_OPEN
                          : answer == 'x' ? FP_GATE_OFFLINE
                          : answer == 'p' ? FP_GATE_PORTAL
                                          : FP_GATE_LIMITED;

        g_test_message ("link %s, up %u", fp_link_state_to_string (link), up);
        g_assert_cmpint (fp_gate_judge (&network, &host, row->reach, 100 * MIB), ==, expected);
        network.paused = TRUE;
        g_assert_cmpint (fp_gate_judge (&network, &host, row->reach, 100 * MIB), ==, FP_GATE_PAUSED);
        g_assert_cmpint (fp_gate_may_ask (&network, &host, row->reach), ==, FP_ASK_NOTHING);
      }
}

/* Which rows cost where the network does. */
static void
test_metered (void)
{
  static const struct
  {
    FpReach reach;
    const char *url;
    gboolean is_lan;
    gboolean costs;
  } cells[] = {
    { FP_REACH_AUTO, "https://example.org/x", FALSE, TRUE },
    { FP_REACH_AUTO, "https://lab.example.org/x", TRUE, FALSE },
    { FP_REACH_AUTO, "http://127.0.0.1/x", FALSE, FALSE },
    { FP_REACH_AUTO, "http://192.168.1.5/x", FALSE, FALSE },
    { FP_REACH_PUBLIC, "http://192.168.1.5/x", FALSE, TRUE },
    { FP_REACH_LAN, "https://example.org/x", FALSE, FALSE },
    { FP_REACH_ALWAYS, "https://example.org/x", FALSE, TRUE },
    { FP_REACH_ALWAYS, "https://lab.example.org/x", TRUE, FALSE },
    { FP_REACH_ALWAYS, "http://10.0.0.1/x", FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      FpGateHost host = { .kind = fp_host_classify (cells[i].url), .is_lan = cells[i].is_lan };
      FpGateNetwork limit = { .link = FP_LINK_FULL, .has_link = TRUE, .largest = MIB };
      FpGateNetwork never = { .link = FP_LINK_FULL, .has_link = TRUE, .largest = -1 };
      FpGateNetwork offline = { .link = FP_LINK_OFFLINE, .has_link = FALSE, .largest = MIB };
      FpGate kept = cells[i].costs ? FP_GATE_METERED : FP_GATE_OPEN;

      g_test_message ("%s", cells[i].url);
      g_assert_cmpint (fp_gate_judge (&limit, &host, cells[i].reach, MIB), ==, FP_GATE_OPEN);
      g_assert_cmpint (fp_gate_judge (&limit, &host, cells[i].reach, MIB + 1), ==, kept);
      g_assert_cmpint (fp_gate_judge (&never, &host, cells[i].reach, 0), ==, kept);
      /* By hand. */
      g_assert_cmpint (fp_gate_judge (&limit, &host, cells[i].reach, -1), ==, FP_GATE_OPEN);
      g_assert_cmpint (fp_gate_judge (&never, &host, cells[i].reach, -1), ==, FP_GATE_OPEN);
      /* The more general cause is the one that is told. */
      if (cells[i].costs && cells[i].reach != FP_REACH_ALWAYS)
        g_assert_cmpint (fp_gate_judge (&offline, &host, cells[i].reach, MIB + 1), ==, FP_GATE_OFFLINE);
    }
}

static void
test_asking (void)
{
  static const struct
  {
    const char *what;
    FpLinkState link;
    FpReach reach;
    const char *url;
    gboolean is_lan, proven;
    FpAsk ask;
  } cells[] = {
    { "limited: the name, then the server", FP_LINK_LIMITED, FP_REACH_AUTO, "https://example.org", FALSE, FALSE,
      FP_ASK_NAME | FP_ASK_SERVER },
    { "limited: public by choice is not looked up", FP_LINK_LIMITED, FP_REACH_PUBLIC, "https://example.org", FALSE,
      FALSE, FP_ASK_SERVER },
    { "limited: in the LAN already", FP_LINK_LIMITED, FP_REACH_AUTO, "https://example.org", TRUE, FALSE,
      FP_ASK_NOTHING },
    { "limited: has answered", FP_LINK_LIMITED, FP_REACH_AUTO, "https://example.org", FALSE, TRUE, FP_ASK_NOTHING },
    { "limited: private by its text", FP_LINK_LIMITED, FP_REACH_AUTO, "http://10.0.0.1", FALSE, FALSE,
      FP_ASK_NOTHING },
    { "limited: always", FP_LINK_LIMITED, FP_REACH_ALWAYS, "https://example.org", FALSE, FALSE, FP_ASK_NOTHING },
    { "limited: lan", FP_LINK_LIMITED, FP_REACH_LAN, "https://example.org", FALSE, FALSE, FP_ASK_NOTHING },
    { "portal: only the name", FP_LINK_PORTAL, FP_REACH_AUTO, "https://example.org", FALSE, FALSE, FP_ASK_NAME },
    { "portal: a LAN name has to answer", FP_LINK_PORTAL, FP_REACH_AUTO, "https://example.org", TRUE, FALSE,
      FP_ASK_NAME | FP_ASK_SERVER },
    { "portal: nothing to public hosts", FP_LINK_PORTAL, FP_REACH_PUBLIC, "https://example.org", FALSE, FALSE,
      FP_ASK_NOTHING },
    { "full: nothing is looked up", FP_LINK_FULL, FP_REACH_AUTO, "https://example.org", FALSE, FALSE, FP_ASK_NOTHING },
    { "unknown", FP_LINK_UNKNOWN, FP_REACH_AUTO, "https://example.org", FALSE, FALSE, FP_ASK_NOTHING },
    { "offline", FP_LINK_OFFLINE, FP_REACH_AUTO, "https://example.org", FALSE, FALSE, FP_ASK_NOTHING },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      FpGateNetwork network = { .link = cells[i].link, .has_link = TRUE, .largest = FP_GATE_ANY_SIZE };
      FpGateHost host = { fp_host_classify (cells[i].url), cells[i].is_lan, cells[i].proven };

      g_test_message ("%s", cells[i].what);
      g_assert_cmpint (fp_gate_may_ask (&network, &host, cells[i].reach), ==, cells[i].ask);
    }
}

static void
test_metered_words (void)
{
  FpMetered metered = FP_METERED_ALWAYS;
  gint64 bytes = 7;

  g_assert_true (fp_metered_from_string (NULL, &metered) && metered == FP_METERED_LIMIT);
  g_assert_true (fp_metered_from_string ("never", &metered) && metered == FP_METERED_NEVER);
  g_assert_true (fp_metered_from_string ("always", &metered) && metered == FP_METERED_ALWAYS);
  g_assert_true (fp_metered_from_string ("limit", &metered) && metered == FP_METERED_LIMIT);
  g_assert_false (fp_metered_from_string ("", &metered));
  g_assert_false (fp_metered_from_string ("Never", &metered));

  g_assert_true (fp_metered_limit_from_string (NULL, &bytes) && bytes == MIB);
  g_assert_true (fp_metered_limit_from_string ("0", &bytes) && bytes == 0);
  g_assert_true (fp_metered_limit_from_string ("9223372036854775807", &bytes) && bytes == G_MAXINT64);
  g_assert_false (fp_metered_limit_from_string ("9223372036854775808", &bytes));
  g_assert_false (fp_metered_limit_from_string ("-1", &bytes));
  g_assert_false (fp_metered_limit_from_string ("1 MiB", &bytes));
  g_assert_false (fp_metered_limit_from_string ("", &bytes));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/sync/gate/reach/", rows[i].name, NULL);

      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/sync/gate/metered/only-what-leaves-the-lan", test_metered);
  g_test_add_func ("/sync/gate/metered/settings", test_metered_words);
  g_test_add_func ("/sync/gate/asking", test_asking);

  return g_test_run ();
}
