/* fp-receiver-fixture.h — a receiver in this process and clients that send it exactly the bytes they are told */
#pragma once

#include "fp-test.h"

#include "receiver/fp-receiver.h"

G_BEGIN_DECLS

#define XML(id, instance, answer)                                                                   \
  "<data id=\"" id "\" version=\"1\"><a>" answer "</a>"                                             \
  "<meta><instanceID>" instance "</instanceID></meta></data>"
#define PART(name, more, body)                                                                      \
  "--b\r\nContent-Disposition: form-data; name=\"" name "\"" more "\r\n\r\n" body "\r\n"
#define SUBMISSION(xml) PART ("xml_submission_file", "; filename=\"s.xml\"\r\nContent-Type: text/xml", xml)
#define ATTACHMENT(name, body) PART (name, "; filename=\"" name "\"", body)
#define END "--b--\r\n"
#define MULTIPART "Content-Type: multipart/form-data; boundary=b\r\n"
#define JSON "Content-Type: application/json\r\n"

typedef struct
{
  char *folder;
  char *forms;
  FpReceiver *receiver;
  FpReceiverOptions options;
  GPtrArray *lines;
} FpRx;

void        fp_rx_set_up                  (FpRx         *f,
                                           gconstpointer data);
void        fp_rx_tear_down               (FpRx         *f,
                                           gconstpointer data);
void        fp_rx_start                   (FpRx         *f);
void        fp_rx_stop                    (FpRx         *f);

/* A client on a thread of its own. @cut: it closes without reading the answer. */
typedef struct _FpRxClient FpRxClient;

FpRxClient *fp_rx_client_start            (FpRx         *f,
                                           const char   *head,
                                           GBytes       *body,
                                           gboolean      cut);
char       *fp_rx_client_finish           (FpRxClient   *client);
/* A request's head that ends with @headers, each of them with its line break. */
char       *fp_rx_make_head               (const char   *method,
                                           const char   *path,
                                           const char   *headers,
                                           gsize         length);

/* These return the status, 0 without an answer. */
int         fp_rx_post                    (FpRx         *f,
                                           const char   *path,
                                           const char   *headers,
                                           const char   *body,
                                           char        **answer);
int         fp_rx_submit                  (FpRx         *f,
                                           const char   *body);
char       *fp_rx_fetch                   (FpRx         *f,
                                           const char   *path);

/* The names in a folder, sorted, without what the receiver keeps for itself. */
char      **fp_rx_list                    (const char   *folder);
guint       fp_rx_count                   (FpRx         *f);
/* A file of the only arrival. */
char       *fp_rx_read_stored             (FpRx         *f,
                                           const char   *file);
void        fp_rx_assert_nothing_incoming (FpRx         *f);

G_END_DECLS
