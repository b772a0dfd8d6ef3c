#include "config.h"

#include "ui/fp-question-private.h"

#include <glib/gi18n.h>

#include "ui/fp-format.h"
#include "ui/fp-ui.h"

/* A date, typed in the locale's order or in ISO form, or chosen from a calendar. */
struct _FpDateQuestion
{
  FpQuestion parent_instance;

  /* Borrowed: children. */
  GtkEditable *entry;
  GtkPopover  *popover;
  GtkCalendar *calendar;
  GtkLabel    *words;

  gint         day; /* of the month, as the calendar last had it */
};

G_DEFINE_FINAL_TYPE (FpDateQuestion, fp_date_question, FP_TYPE_QUESTION)

/* ISO text, or what was typed where that is no date: it is kept, and the model says what is wrong. */
static char *
dup_canonical (FpDateQuestion *self)
{
  const char *text = gtk_editable_get_text (self->entry);
  char *iso = fp_parse_date (text);

  return iso ? iso : g_strdup (text);
}

static void
fp_date_question_show_value (FpQuestion *question)
{
  FpDateQuestion *self = FP_DATE_QUESTION (question);
  const char *value = fp_form_node_get_value (fp_question_get_node (question));
  g_autofree char *shown = dup_canonical (self);
  g_autofree char *text = fp_format_date (value);
  g_autofree char *words = fp_format_long_date (value);
  gboolean typing = gtk_widget_get_focus_child (GTK_WIDGET (question)) != NULL
                    && (gtk_widget_get_state_flags (GTK_WIDGET (self->entry)) & GTK_STATE_FLAG_FOCUS_WITHIN);

  gtk_label_set_label (self->words, words ? words : "");
  if (g_strcmp0 (shown, value) == 0 && (typing || g_strcmp0 (gtk_editable_get_text (self->entry), text) == 0))
    return;
  gtk_editable_set_text (self->entry, text);
  gtk_editable_set_position (self->entry, -1);
}

static void
changed_cb (FpDateQuestion *self)
{
  g_autofree char *value = dup_canonical (self);

  fp_question_answer (FP_QUESTION (self), value);
}

static void
popover_shown_cb (FpDateQuestion *self)
{
  g_autofree char *iso = fp_parse_date (gtk_editable_get_text (self->entry));
  g_autoptr(GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *noon = iso ? g_strdup_printf ("%sT12:00:00", iso) : NULL;
  g_autoptr(GDateTime) day = noon ? g_date_time_new_from_iso8601 (noon, zone) : g_date_time_new_now (zone);

  g_signal_handlers_block_matched (self->calendar, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, self);
  if (day)
    gtk_calendar_select_day (self->calendar, day);
  g_signal_handlers_unblock_matched (self->calendar, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, self);
  if (day)
    self->day = g_date_time_get_day_of_month (day);
}

static void
answer_day (FpDateQuestion *self,
            GDateTime      *day)
{
  g_autofree char *iso = g_date_time_format (day, "%Y-%m-%d");

  fp_question_answer (FP_QUESTION (self), iso);
}

static void
day_selected_cb (FpDateQuestion *self)
{
  g_autoptr(GDateTime) day = gtk_calendar_get_date (self->calendar);
  gint before = self->day;

  self->day = g_date_time_get_day_of_month (day);
  /* From the 31st to a shorter month the calendar selects another day by itself: nobody chose that. */
  if (before > self->day
      && self->day == g_date_get_days_in_month (g_date_time_get_month (day), g_date_time_get_year (day)))
    return;
  answer_day (self, day);
  gtk_popover_popdown (self->popover);
}

static void
today_cb (FpDateQuestion *self)
{
  g_autoptr(GDateTime) day = g_date_time_new_now_local ();

  answer_day (self, day);
  gtk_popover_popdown (self->popover);
}

static void
fp_date_question_constructed (GObject *object)
{
  FpDateQuestion *self = FP_DATE_QUESTION (object);
  g_autoptr(GtkBuilder) builder = gtk_builder_new_from_resource (FP_UI_TEMPLATE ("fp-date-question"));
  g_autofree char *hint = fp_format_date_hint ();
  GtkWidget *child = GTK_WIDGET (gtk_builder_get_object (builder, "child"));

  G_OBJECT_CLASS (fp_date_question_parent_class)->constructed (object);

  self->entry = GTK_EDITABLE (gtk_builder_get_object (builder, "entry"));
  self->popover = GTK_POPOVER (gtk_builder_get_object (builder, "popover"));
  self->calendar = GTK_CALENDAR (gtk_builder_get_object (builder, "calendar"));
  self->words = GTK_LABEL (gtk_builder_get_object (builder, "words"));
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->entry), hint);
  fp_question_set_control (FP_QUESTION (self), child, GTK_WIDGET (self->entry));
  g_signal_connect_object (self->entry, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->entry, "activate", G_CALLBACK (fp_question_next), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->popover, "show", G_CALLBACK (popover_shown_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->calendar, "day-selected", G_CALLBACK (day_selected_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_builder_get_object (builder, "today"), "clicked", G_CALLBACK (today_cb), self,
                           G_CONNECT_SWAPPED);
}

static void
fp_date_question_class_init (FpDateQuestionClass *klass)
{
  FpQuestionClass *question_class = FP_QUESTION_CLASS (klass);

  G_OBJECT_CLASS (klass)->constructed = fp_date_question_constructed;
  question_class->show_value = fp_date_question_show_value;
  question_class->typed = TRUE;
}

static void
fp_date_question_init (FpDateQuestion *self)
{
}
