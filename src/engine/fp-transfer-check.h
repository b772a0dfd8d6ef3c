/* fp-transfer-check.h — an export is read as a whole before anything of it is believed. Blocking, pure of the store. */
#pragma once

#include "engine/fp-transfer-files.h"
#include "engine/fp-transfer-json.h"

G_BEGIN_DECLS

#define FP_TRANSFER_JSON_MAX (4 * 1024 * 1024)
#define FP_TRANSFER_XML_MAX (16 * 1024 * 1024)

typedef enum { FP_TRANSFER_OTHER, FP_TRANSFER_ITEM, FP_TRANSFER_DRAFT, FP_TRANSFER_FORM, FP_TRANSFER_TAGS } FpTransferKind;

/* What the file @path describes; @folder: (out) (nullable): where its other files are. */
FpTransferKind fp_transfer_kind_of (const char    *path,
                                    char         **folder);
/* Every hash, every member of every JSON, every form and draft, and that the numbers agree. */
gboolean       fp_transfer_check   (FpTransferIn  *in,
                                    GError       **error);
/* id, version, title and md5 from the form itself; the bytes. */
GBytes        *fp_transfer_read_form (FpTransferIn  *in,
                                      const char    *folder,
                                      const char    *sha256,
                                      FpFormRow     *row,
                                      FpServerRow  **server,
                                      GError       **error);

G_END_DECLS
