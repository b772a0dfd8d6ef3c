/* fp-cli-doctor-private.h — what the checks of “fieldpostctl doctor” share; never leaves the folder */
#pragma once

#include "cli/fp-cli.h"

G_BEGIN_DECLS

typedef enum {
  FP_DOCTOR_OK,
  FP_DOCTOR_WARN,
  FP_DOCTOR_FAIL,
} FpDoctorLevel;

typedef struct {
  FpCli     *cli;   /* borrowed: open and connected */
  JsonArray *found; /* owned; NULL for people */
  int        code;  /* of the command; a check that fails sets it */
} FpDoctor;

/* One line, or one object, that @check (a word of the JSON schema) has found; printed at once for people. */
void _fp_doctor_tell                (FpDoctor      *doctor,
                                     const char    *check,
                                     FpDoctorLevel  level,
                                     const char    *format,
                                     ...) G_GNUC_PRINTF (4, 5);

/* fp-cli-doctor-store.c: what lies in the store. */
void _fp_doctor_look_at_file        (FpDoctor      *doctor);
void _fp_doctor_look_at_attachments (FpDoctor      *doctor);
void _fp_doctor_look_at_history     (FpDoctor      *doctor);
void _fp_doctor_look_at_outbox      (FpDoctor      *doctor);
void _fp_doctor_look_at_space       (FpDoctor      *doctor);
void _fp_doctor_look_at_clean_up    (FpDoctor      *doctor);

/* fp-cli-doctor-around.c: who sends it, and what is around: bus, network, keyring, tray. */
void _fp_doctor_look_at_sender      (FpDoctor      *doctor);
void _fp_doctor_look_at_agent       (FpDoctor      *doctor);
void _fp_doctor_look_at_link        (FpDoctor      *doctor);
void _fp_doctor_look_at_secrets     (FpDoctor      *doctor);
void _fp_doctor_look_at_tray        (FpDoctor      *doctor);

G_END_DECLS
