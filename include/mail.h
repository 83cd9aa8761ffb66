/* SPDX-License-Identifier: EUPL-1.2
 * Mails: texts rendered in the reader's language, written as MIME, handed to SMTP or a Maildir. */
#ifndef WELCOME_MAIL_H
#define WELCOME_MAIL_H

#include "arena.h"
#include "buffer.h"
#include "config.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* src/mail/mail_text.c: content/mail/<language>.json */

struct mail_texts;

/* Reads the embedded texts of all languages. NULL (logged) when one is not readable or English is missing. */
struct mail_texts *mail_texts_load(void);
void mail_texts_free(struct mail_texts *texts);

/* A mail in words; all of it UTF-8 in the arena it was rendered into. */
struct mail_content {
    const char *language; /* tag of the language served */
    const char *subject;  /* one line */
    const char *text;     /* lines end with \n */
    const char *html;     /* a whole document */
};

/* What is asked for; all borrowed. */
struct mail_request {
    const char *template;
    const char *language; /* tag; the nearest language there is, else English, is served */
    const char *region;   /* value of {region} */
    const json_t *data;   /* values of the other placeholders */
    const char *link;     /* where the action leads; NULL: the mail has none */
};

/* Values are escaped and isolated in direction. False: no such template or out of memory. */
bool mail_render(const struct mail_texts *texts, const struct mail_request *request, struct arena *arena,
                 struct mail_content *content);

/* src/mail/mail_message.c: RFC 5322, RFC 2045-2047 */

struct mail_message {
    const char *from; /* "Name <address>" or an address */
    const char *to;   /* an address */
    const char *id;   /* of the outbox row: left part of Message-ID, so that receivers know a repeat */
    time_t date;
    const struct mail_content *content;
    const char *calendar; /* an iCalendar object to carry, or NULL; and its METHOD */
    const char *calendar_method;
};

/* The address of "Name <address>" or "address", and the name ("" when there is none). False when it is neither. */
bool mail_address_split(const char *from, struct arena *arena, const char **name, const char **address);

/* Writes the message with CRLF line ends. False: an address that cannot stand in a header, or out of memory. */
bool mail_message_write(struct buffer *out, const struct mail_message *message);

/* Reads back what mail_message_write() wrote (CRLF or LF): the address it is to, and the decoded plain text, both in the arena.
 * NULL when the message has none. */
const char *mail_message_to(const char *message, struct arena *arena);
const char *mail_message_text(const char *message, struct arena *arena);

/* src/mail/mail_invitation.c */

/* The iCalendar object of a mail about an appointment, from its data's member `calendar` ({"uid","sequence","method",...}), for the
 * reader's own calendar; and its method. NULL when out of memory or when a member is missing. */
const char *mail_invitation(const json_t *entry, const struct config *config, const char *to, const char *language, struct arena *arena,
                            const char **method);

/* src/mail/mail_transport.c */

struct mail_transport;

/* SMTP when the configuration names a server, else the Maildir. config and stopping (an end to sending; may be NULL) are borrowed.
 * NULL when out of memory. */
struct mail_transport *mail_transport_open(const struct config *config, const atomic_bool *stopping);
void mail_transport_close(struct mail_transport *transport);

/* Hands over the message for that address. On false error tells why, and mail_transport_down() whether the transport as a whole
 * failed (server not reachable, refuses TLS or the login; disk full), in which case no other message would fare better now. */
bool mail_transport_send(struct mail_transport *transport, const char *to, const char *id, const struct buffer *message, char *error,
                         size_t size);
bool mail_transport_down(const struct mail_transport *transport);

/* Connects to the mail server, with TLS and login as for a mail, and hands nothing over. False: error tells why. */
bool mail_transport_try(struct mail_transport *transport, char *error, size_t size);

#endif
