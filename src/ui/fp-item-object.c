#include "ui/fp-item-object.h"

struct _FpItemObject
{
  GObject parent_instance;

  /* Owned. */
  FpItem *item;
};

G_DEFINE_FINAL_TYPE (FpItemObject, fp_item_object, G_TYPE_OBJECT)

enum {
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
fp_item_object_finalize (GObject *object)
{
  FpItemObject *self = FP_ITEM_OBJECT (object);

  g_clear_pointer (&self->item, fp_item_free);

  G_OBJECT_CLASS (fp_item_object_parent_class)->finalize (object);
}

static void
fp_item_object_class_init (FpItemObjectClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fp_item_object_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", FP_TYPE_ITEM_OBJECT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
}

static void
fp_item_object_init (FpItemObject *self)
{
}

FpItemObject *
fp_item_object_new (void)
{
  return g_object_new (FP_TYPE_ITEM_OBJECT, NULL);
}

const FpItem *
fp_item_object_get_item (FpItemObject *self)
{
  g_return_val_if_fail (FP_IS_ITEM_OBJECT (self), NULL);

  return self->item;
}

void
fp_item_object_set_item (FpItemObject *self,
                         FpItem       *item)
{
  g_return_if_fail (FP_IS_ITEM_OBJECT (self));

  g_clear_pointer (&self->item, fp_item_free);
  self->item = item;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}
