#include "sync/fp-item-machine.h"

/* The table of design 5.1, written a second time and in another form: (from, event, to); every pair that is not
 * listed must be refused and must leave the item alone. */
static const struct
{
  FpItemState from;
  FpItemEvent event;
  FpItemState to;
} pairs[] = {
  { FP_ITEM_PENDING, FP_EVENT_CLAIM, FP_ITEM_SENDING },
  { FP_ITEM_PENDING, FP_EVENT_HOLD, FP_ITEM_HELD },
  { FP_ITEM_PENDING, FP_EVENT_RELEASE, FP_ITEM_PENDING },
  { FP_ITEM_PENDING, FP_EVENT_DISCARD, FP_ITEM_DISCARDED },
  { FP_ITEM_SENDING, FP_EVENT_RECEIPT, FP_ITEM_SENT },
  { FP_ITEM_SENDING, FP_EVENT_WILL_RETRY, FP_ITEM_PENDING },
  { FP_ITEM_SENDING, FP_EVENT_FAULT, FP_ITEM_FAILED },
  { FP_ITEM_SENDING, FP_EVENT_HOLD, FP_ITEM_HELD },
  { FP_ITEM_SENDING, FP_EVENT_ORPHAN, FP_ITEM_PENDING },
  { FP_ITEM_FAILED, FP_EVENT_CLAIM, FP_ITEM_SENDING },
  { FP_ITEM_FAILED, FP_EVENT_HOLD, FP_ITEM_HELD },
  { FP_ITEM_FAILED, FP_EVENT_RELEASE, FP_ITEM_PENDING },
  { FP_ITEM_FAILED, FP_EVENT_DISCARD, FP_ITEM_DISCARDED },
  { FP_ITEM_HELD, FP_EVENT_FAULT, FP_ITEM_FAILED },
  { FP_ITEM_HELD, FP_EVENT_RELEASE, FP_ITEM_PENDING },
  { FP_ITEM_HELD, FP_EVENT_DISCARD, FP_ITEM_DISCARDED },
};

static FpItemState
expected_after (FpItemState from,
                FpItemEvent event,
                FpItemState before)
{
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    if (pairs[i].from == from && pairs[i].event == event)
      return pairs[i].to;

  if (from == FP_ITEM_DISCARDED && event == FP_EVENT_UNDO
      && (before == FP_ITEM_PENDING || before == FP_ITEM_FAILED || before == FP_ITEM_HELD))
    return before;

  return 0;
}

static void
test_all_pairs (void)
{
  /* From one below the first state to one above the last: a damaged row has any number. */
  for (int from = 0; from <= FP_ITEM_SENT + 1; from++)
    for (int event = 0; event < FP_N_EVENTS; event++)
      for (int before = 0; before <= FP_ITEM_SENT + 1; before++)
        {
          FpItem item = { .id = 1, .state = from, .state_before = before };
          FpItemState to = expected_after (from, event, before);
          gboolean stepped = fp_item_machine_step (&item, event);

          g_test_message ("%d + %d (before: %d)", from, event, before);
          g_assert_cmpint (stepped, ==, to != 0);
          g_assert_cmpint ((int) item.state, ==, to ? (int) to : from);
          g_assert_cmpint ((int) item.state_before, ==, to == FP_ITEM_DISCARDED ? from : before);
        }
}

static void
test_undo_restores (void)
{
  const FpItemState states[] = { FP_ITEM_PENDING, FP_ITEM_FAILED, FP_ITEM_HELD };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      FpItem item = { .state = states[i] };

      g_assert_true (fp_item_machine_step (&item, FP_EVENT_DISCARD));
      g_assert_false (fp_item_machine_step (&item, FP_EVENT_DISCARD));
      g_assert_true (fp_item_machine_step (&item, FP_EVENT_UNDO));
      g_assert_cmpint (item.state, ==, states[i]);
      g_assert_false (fp_item_machine_step (&item, FP_EVENT_UNDO));
    }
}

/* Whatever happens to an item, it leaves the outbox by a receipt or by a person, and "sent" is the end. */
static void
test_only_receipt_and_discard_lead_out (void)
{
  for (int from = FP_ITEM_PENDING; from <= FP_ITEM_SENT; from++)
    for (int event = 0; event < FP_N_EVENTS; event++)
      {
        FpItem item = { .state = from, .state_before = FP_ITEM_PENDING };

        if (!fp_item_machine_step (&item, event))
          continue;
        g_assert_cmpint (from, !=, FP_ITEM_SENT);
        if (item.state == FP_ITEM_SENT)
          g_assert_cmpint (event, ==, FP_EVENT_RECEIPT);
        if (item.state == FP_ITEM_DISCARDED)
          g_assert_cmpint (event, ==, FP_EVENT_DISCARD);
        if (item.state == FP_ITEM_SENDING)
          g_assert_cmpint (event, ==, FP_EVENT_CLAIM);
      }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/sync/item-machine/every-pair-of-the-table", test_all_pairs);
  g_test_add_func ("/sync/item-machine/undo-restores-the-state-before", test_undo_restores);
  g_test_add_func ("/sync/item-machine/only-receipt-and-discard-lead-out", test_only_receipt_and_discard_lead_out);

  return g_test_run ();
}
