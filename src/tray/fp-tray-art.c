#include "tray/fp-tray-art.h"

#include <cairo.h>
#include <math.h>
#include <string.h>

/* All lengths are in sixteenths of the picture: at 16 pixels they are pixels. */

#define DIGIT_HEIGHT 5.6
#define DIGIT_STROKE 1.5
#define BADGE_HEIGHT 9.0

/* Of an envelope that cannot go anywhere, below the count of those that wait. */
#define DIMMED 0.55

typedef struct
{
  double red;
  double green;
  double blue;
} Colour;

/* Luminance 0.24: at least 3:1 against any panel darker than #3b3b3b or lighter than #ebebeb. */
static const Colour grey = { 0.525, 0.525, 0.54 };
/* Behind a white digit, which is 4:1 against it. */
static const Colour dark_grey = { 0.47, 0.47, 0.485 };
static const Colour blue = { 0.11, 0.44, 0.85 };
static const Colour red = { 0.85, 0.11, 0.14 };
static const Colour white = { 1, 1, 1 };

/* Strokes in a box of 6 × 10: our own digits, because a font would cost the agent several megabytes. */
static const char *const digits[] = {
  "M3 0 C-1 0 -1 10 3 10 C7 10 7 0 3 0",
  "M0.9 2.2 L3.6 0 L3.6 10",
  "M0.3 2.7 C0.3 -0.9 5.7 -0.9 5.7 2.8 C5.7 5.2 0.6 7.4 0.2 10 L5.9 10",
  "M0.4 0 L5.5 0 L2.6 3.9 C7 3.9 7 10 2.6 10 C1.4 10 0.6 9.4 0.1 8.7",
  "M4.4 10 L4.4 0 L0.1 7.1 L6 7.1",
  "M5.4 0 L1 0 L0.6 4.5 C2 3.3 5.9 3.4 5.9 6.7 C5.9 10.7 1.6 10.8 0.1 8.8",
  "M4.8 0 C1.8 2.2 0.1 4.4 0.1 6.8 C0.1 11 5.9 11 5.9 6.8 C5.9 3.2 1.4 3 0.3 5.9",
  "M0.2 0 L5.9 0 L2.2 10",
  "M3 4.6 C-0.7 4.6 -0.5 0 3 0 C6.5 0 6.7 4.6 3 4.6 C-1.2 4.6 -1 10 3 10 C7 10 7.2 4.6 3 4.6",
  "M1.2 10 C4.2 7.8 5.9 5.6 5.9 3.2 C5.9 -1 0.1 -1 0.1 3.2 C0.1 6.8 4.6 7 5.7 4.1",
};
static const char plus[] = "M0.2 5.5 L5.8 5.5 M3 2.7 L3 8.3";
static const char exclamation[] = "M3 -0.6 L3 5.8 M3 9.9 L3 10";

static double
read_number (const char **text)
{
  char *end;
  double number = g_ascii_strtod (*text, &end);

  *text = end;
  return number;
}

/* @path: M, L and C as in SVG, numbers between blanks */
static void
add_path (cairo_t    *cr,
          const char *path,
          double      x,
          double      y,
          double      scale)
{
  double n[6];

  while (*path)
    {
      char command = *path++;
      guint count = command == 'C' ? 6 : 2;

      for (guint i = 0; i < count; i++)
        n[i] = (i % 2 ? y : x) + scale * read_number (&path);
      if (command == 'M')
        cairo_move_to (cr, n[0], n[1]);
      else if (command == 'L')
        cairo_line_to (cr, n[0], n[1]);
      else
        cairo_curve_to (cr, n[0], n[1], n[2], n[3], n[4], n[5]);
      path += strspn (path, " ");
    }
}

static void
set_colour (cairo_t      *cr,
            const Colour *colour)
{
  cairo_set_source_rgb (cr, colour->red, colour->green, colour->blue);
}

static void
add_rounded (cairo_t *cr,
             double   x,
             double   y,
             double   width,
             double   height,
             double   radius)
{
  cairo_new_sub_path (cr);
  cairo_arc (cr, x + width - radius, y + radius, radius, -G_PI_2, 0);
  cairo_arc (cr, x + width - radius, y + height - radius, radius, 0, G_PI_2);
  cairo_arc (cr, x + radius, y + height - radius, radius, G_PI_2, G_PI);
  cairo_arc (cr, x + radius, y + radius, radius, G_PI, 3 * G_PI_2);
  cairo_close_path (cr);
}

/* What is cut out shows the panel. */
static void
cut (cairo_t *cr,
     double   width)
{
  cairo_set_operator (cr, CAIRO_OPERATOR_CLEAR);
  cairo_set_line_width (cr, width);
  cairo_stroke (cr);
  cairo_set_operator (cr, CAIRO_OPERATOR_OVER);
}

static void
draw_envelope (cairo_t    *cr,
               FpTrayIcon  icon,
               double      opacity)
{
  const Colour *colour = icon == FP_TRAY_SYNCING ? &blue : &grey;

  cairo_set_source_rgba (cr, colour->red, colour->green, colour->blue, opacity);
  add_rounded (cr, 1, 4, 14, 10, 1.6);
  cairo_fill (cr);

  if (icon == FP_TRAY_SYNCING)
    add_path (cr, "M5.2 12.2 L5.2 6.2 M2.8 8.5 L5.2 6 L7.6 8.5", 0, 0, 1);
  else
    add_path (cr, "M2.2 5.6 L8 10.2 L13.8 5.6", 0, 0, 1);
  cut (cr, icon == FP_TRAY_SYNCING ? 1.5 : 1.3);
}

static void
draw_slash (cairo_t *cr)
{
  add_path (cr, "M2.2 14.8 L13 2.2", 0, 0, 1);
  cut (cr, 4);
  set_colour (cr, &grey);
  cairo_set_line_width (cr, 1.6);
  add_path (cr, "M2.2 14.8 L13 2.2", 0, 0, 1);
  cairo_stroke (cr);
}

static void
draw_digits (cairo_t    *cr,
             guint       count,
             double      x,
             double      y)
{
  double scale = DIGIT_HEIGHT / 10;
  double top = y - DIGIT_HEIGHT / 2;

  set_colour (cr, &white);
  cairo_set_line_width (cr, DIGIT_STROKE);
  if (count == 0)
    add_path (cr, exclamation, x - 3 * scale, top, scale);
  else if (count <= 9)
    add_path (cr, digits[count], x - 3 * scale, top, scale);
  else
    {
      add_path (cr, digits[9], x - 7 * scale, top, scale);
      add_path (cr, plus, x + 1.6 * scale, top, scale * 0.85);
      cairo_set_line_width (cr, DIGIT_STROKE * 0.9);
    }
  cairo_stroke (cr);
}

/* @length in whole pixels of the picture, at least one: edges between pixels are smudges at these sizes. */
static double
snap (cairo_t *cr,
      double   length)
{
  double scale = 1, unused = 0;

  cairo_user_to_device_distance (cr, &scale, &unused);

  return MAX (1, (int) (length * scale + 0.5)) / scale;
}

/* A failure has corners: red alone would say nothing to many. */
static void
draw_badge (cairo_t    *cr,
            FpTrayIcon  icon,
            guint       count)
{
  const Colour *colour = icon == FP_TRAY_FAILED ? &red : icon == FP_TRAY_OFFLINE ? &dark_grey : &blue;
  double high = snap (cr, BADGE_HEIGHT);
  double wide = snap (cr, count > 9 ? 11.6 : BADGE_HEIGHT);
  double gap = snap (cr, 1.2);
  double radius = icon == FP_TRAY_FAILED ? 1.6 : high / 2;
  double left = 16 - wide;

  cairo_set_operator (cr, CAIRO_OPERATOR_CLEAR);
  add_rounded (cr, left - gap, -gap, wide + 2 * gap, high + 2 * gap, radius + gap);
  cairo_fill (cr);
  cairo_set_operator (cr, CAIRO_OPERATOR_OVER);
  set_colour (cr, colour);
  add_rounded (cr, left, 0, wide, high, radius);
  cairo_fill (cr);
  draw_digits (cr, count, left + wide / 2, high / 2);
}

static void
draw (cairo_t    *cr,
      FpTrayIcon  icon,
      guint       count)
{
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  /* A stroke and a badge are too much for 16 pixels: the count says more. */
  draw_envelope (cr, icon, icon == FP_TRAY_OFFLINE && count > 0 ? DIMMED : 1);
  if (icon == FP_TRAY_OFFLINE && count == 0)
    draw_slash (cr);
  if (count > 0 || icon == FP_TRAY_FAILED)
    draw_badge (cr, icon, count);
}

/* cairo multiplies colours with alpha and uses the machine's byte order. */
static GVariant *
to_variant (cairo_surface_t *surface,
            int              size)
{
  const guint8 *row = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);
  guint8 *bytes = g_malloc (4 * (gsize) size * size);
  guint8 *out = bytes;

  for (int y = 0; y < size; y++, row += stride)
    {
      for (int x = 0; x < size; x++, out += 4)
        {
          guint32 pixel;
          guint alpha;

          memcpy (&pixel, row + 4 * x, 4);
          alpha = pixel >> 24;
          out[0] = alpha;
          for (int i = 1; i < 4; i++)
            out[i] = alpha > 0 ? ((pixel >> (24 - 8 * i) & 0xff) * 255 + alpha / 2) / alpha : 0;
        }
    }

  return g_variant_new ("(ii@ay)", size, size,
                        g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, 4 * (gsize) size * size, TRUE,
                                                 g_free, bytes));
}

static GVariant *
render (FpTrayIcon icon,
        guint      count,
        int        size)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, size, size);
  cairo_t *cr = cairo_create (surface);
  GVariant *pixels;

  cairo_scale (cr, size / 16.0, size / 16.0);
  draw (cr, icon, count);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  pixels = to_variant (surface, size);
  cairo_surface_destroy (surface);

  return pixels;
}

GVariant *
fp_tray_art_make (FpTrayIcon icon,
                  guint      count)
{
  static const int sizes[] = { 16, 22, 24, 32, 48, 64 };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(iiay)"));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    g_variant_builder_add_value (&builder, render (icon, count, sizes[i]));

  return g_variant_builder_end (&builder);
}
