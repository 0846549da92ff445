## Pipeline

# What became of a message; status-sent is the whole text of a reaction.
status-sent = ✓ sent
status-sent-cost = ✓ sent ({ $cost })
status-sent-twice = This message was sent again after an interruption. It may have arrived twice.
status-to = To { $recipient }: { $text }
status-one-of = { $text } ({ $place } of { $count })
status-delayed = This message could not be delivered yet: { $reason }. It is tried again by itself.
status-failed = This message was not delivered: { $reason }. Reference { $reference }. Write !resend here to try again.
status-unknown = It is not known whether this message arrived: { $reason }. Reference { $reference }. Write !resend here to send it again; it may then arrive twice.
not-sent = This message was not sent: { $reason }.
not-shown = A message for this room could not be shown: { $reason }. Reference { $reference }.
item-put-aside = Something arrived that could not be read and was put aside: { $reason }. Reference { $reference }.
stranger-joined = This message comes from somebody who did not take part in this conversation before. Answers do not go to this sender; with !cc and the address that changes.
answers-elsewhere = Answers in this thread go to { $address }, as the sender asks; that is not the address the message came from.
redaction-in-time = The message was taken back before it was sent.
redaction-too-late = The message was already sent and cannot be taken back on the other side.

refused-not-encrypted = it was not encrypted
refused-sender = you are not on the list of those who may write to the outside from this room
refused-power-level = your power level in this room is too low to write to the outside

unreadable-deaths = viadukt stopped three times while reading it
unreadable-no-bridge = its bridge is not configured any more
unreadable-panic = reading it failed in an unforeseen way
unreadable-time = reading it took too long
delivery-deaths = viadukt stopped too often while sending it
delivery-no-bridge = its bridge is not configured any more
delivery-no-room = the room is not ready yet
delivery-panic = sending it failed in an unforeseen way
delivery-time = the other side did not answer in time

command-help =
    You can write to the outside by answering in a thread. Commands:
    !{ $verb } RECIPIENT[,RECIPIENT…] [--at TIME] TEXT – send the text, to several, or later
    !new ADDRESS[,ADDRESS…] SUBJECT – begin a conversation; further lines are its first message
    !to ADDRESS[,ADDRESS…] – in a thread: whom answers are written to from now on
    !cc ADDRESS – in a thread: who reads along from now on; !cc -ADDRESS – no longer
    !resend – in a thread: try again what was not delivered there
    !approve [ROOM] – in the intake room: approve the sender; the conversation goes on in the bridge's room or the one named
    !resend REFERENCE – the same for one message
    !block – in a thread: show nothing more of this sender
    !unblock RECIPIENT – show it again
    !pause – let nothing leave this bridge; !continue – let it leave again
    !deadletters – what was given up; !discard REFERENCE – forget it
    !status – how the connections are doing
    !help – this text
command-unclear = This command is not known or lacks something. Write !help for the list.
command-new = Write in this thread: each of your messages goes to the recipient.
command-resend =
    { $count ->
        [0] There is nothing here that waits for another try.
        [one] One message is tried again.
       *[other] { $count } messages are tried again.
    }
command-deadletters =
    { $count ->
        [0] Nothing was given up here.
        [one] One message was given up here. Write !resend or !discard with its reference.
       *[other] { $count } messages were given up here, the latest first. Write !resend or !discard with a reference.
    }
command-deadletter = { $reference } · { $since } · { $reason }
command-discarded = It was discarded.
command-discard-unknown = This bridge has given up nothing by this reference. Write !deadletters for the list.
dead-letters-more =
    { $count ->
        [one] One further message was given up. Write !deadletters for the list.
       *[other] { $count } further messages were given up. Write !deadletters for the list.
    }
dead-letters-expire =
    { $count ->
        [one] One message that was given up will be forgotten { $when }, unless somebody decides about it. Write !deadletters for the list.
       *[other] { $count } messages that were given up will be forgotten { $when }, unless somebody decides about them. Write !deadletters for the list.
    }
dead-letters-expired =
    { $count ->
        [one] One message that was given up was forgotten, because nobody has decided about it.
       *[other] { $count } messages that were given up were forgotten, because nobody has decided about them.
    }
status-up = { $name }: connected, { $waiting } waiting
status-down = { $name }: not connected, { $waiting } waiting
status-paused = { $name }: paused, { $waiting } waiting

## Conversations

answers-to = Answers in this thread go to { $to }.
answers-to-all = Answers in this thread go to { $to }. Reading along: { $cc }.
command-parties-where = Write this in the thread of the conversation that you mean.
command-one-party = In this network a conversation has one party only.
talks-elsewhere-too = This person is also in contact with another room; it is not certain that this message belongs here. With the number at the end of our messages (such as #2) they can say whom they answer.
refused-not-approved = nobody has approved this sender yet. Write !approve here first
refused-elsewhere = this conversation goes on in another room or thread
refused-edited-command = a command cannot be changed afterwards. Write it anew
refused-time-unclear = "{ $time }" is no time such as 14:30, "2026-12-01 08:00" or "01.12.2026 08:00"
refused-time-past = the time given is over already
refused-time-far = the time given is more than a year ahead
refused-too-many-recipients = one command goes to at most 50 recipients
command-no-subjects = There are no subjects here. This is how you write to somebody: !{ $verb } RECIPIENT TEXT
command-send-many = The message goes to { $count } recipients, to each in a conversation of its own. What becomes of it is told there.
command-send-not = Not to { $recipient }: { $reason }.
sent-apart = To { $recipient }: { $text }
command-approve-where = Write !approve in the thread of a sender who is not approved yet.
command-approve-room = This bridge has no room "{ $room }".
moved-to-main = Approved. The conversation goes on in the bridge's room.
moved-to-team = Approved. The conversation goes on in the room "{ $room }".
moved-to-own = Approved. The conversation goes on in a room of its own.
moved-here = A conversation from another room goes on here.
room-empty-moved = Everyone has left the room in which this conversation took place. It goes on here.

# What a far side reports; report-delivered is the whole text of a reaction.
report-delivered = ✓ delivered
report-delayed = The other side reports a delay. { $detail }
report-failed = The other side reports that this message was not delivered. { $detail }
report-unknown = The other side reports that it is not known whether this message arrived. { $detail }

## Notices

matter-over = Resolved:
matter-raised =
    { $severity ->
        [critical] “{ $title }” is critical now.
        [warning] “{ $title }” is a warning now.
       *[info] “{ $title }” has changed.
    }
digest = { $count } messages came in a short time and are shown together. Their full texts are in the attached file.
digest-more = … and { $count } more
digest-file = messages.txt
level-withheld =
    There is a message of the level { $level ->
        [very-high] “very high”
        [high] “high”
       *[normal] “normal”
    } from “{ $bridge }”; this room may not show it.
refused-level = this room gives more protection than the other side does
refused-level-room = it needs more protection than the room gives
refused-mark = here marks ask for nothing, since they are never encrypted. Write the command as an answer instead
not-asked = The mark was not acted upon: { $reason }.
command-help-deed = !{ $word } – as an answer to the message that it is about (or, where marks count: { $marks })
deed-about-what = Write !{ $word } as an answer to the message that it is about.
deed-done = { $name } asked for “{ $deed }” about “{ $title }”: done.
deed-failed = { $name } asked for “{ $deed }” about “{ $title }”. It was not done: { $reason }. Reference { $reference }. Write !resend here to try again.
deed-unknown = { $name } asked for “{ $deed }” about “{ $title }”. It is not known whether it was done: { $reason }. Reference { $reference }. Write !resend here to ask again.

## Rules

status-held = This message waits and will be sent { $when }.
status-held-paused = This message waits: nothing leaves this bridge until somebody writes !continue.
when-today = at { $time }
when-tomorrow = tomorrow at { $time }
when-later = on { $year }-{ $month }-{ $day } at { $time }

refused-stopped = the recipient has asked for no further messages
refused-paused = nothing leaves this bridge until somebody writes !continue
refused-never-affordable = it costs { $units } units, and at most { $allowed } are allowed at a time
refused-budget-recipient = as much has been sent to this recipient as is allowed; it is possible again { $when }
refused-budget-user = you have sent as much as is allowed; it is possible again { $when }
refused-budget-room = as much has been sent from this room as is allowed; it is possible again { $when }
refused-budget-bridge = as much has been sent over this bridge as is allowed; it is possible again { $when }

command-blocked = Nothing that this sender writes is shown any more. Write !unblock with the number or address to change that.
command-block-where = Write !block in the thread of the sender whom you mean.
command-unblocked = What this sender writes is shown again. What came meanwhile was not kept.
command-not-blocked = This sender is not blocked.
command-paused =
    { $count ->
        [0] Nothing leaves this bridge until somebody writes !continue.
        [one] Nothing leaves this bridge until somebody writes !continue. One message waits.
       *[other] Nothing leaves this bridge until somebody writes !continue. { $count } messages wait.
    }
command-paused-already = This bridge is paused already. Write !continue to let messages leave again.
command-paused-by-configuration = This bridge is paused by its configuration; only whoever runs it can change that.
command-continued = Messages leave this bridge again.
command-not-paused = This bridge is not paused.

leaves-encryption = What is written here leaves the room's end-to-end encryption: from here on it travels as the other side's network carries it. Please write only what may be read there.
wish-stop = This person wants no further messages. Nothing that is written here reaches them until they write START.
wish-start = This person wants messages again.
answered-automatically = Answered automatically: { $text }
answer-failed = The automatic answer was not delivered: { $reason }. Reference { $reference }.
answer-first-contact = Thank you for your message. It has arrived at { $name } and will be answered.
answer-out-of-hours = Thank you for your message. Nobody is at { $name } right now; it will be read in office hours.
answer-undeliverable = Your message could not be shown to anybody at { $name }. Please reach us in another way.
answer-stop = You will get no further messages from { $name }. START brings them back.
answer-start = You will get messages from { $name } again. STOP ends them.
answer-help = This is { $name }. STOP ends our messages, START brings them back.

## E-mail

mail-empty = A mail was empty, or the mail server did not hand it over.
mail-beyond-limits = [This mail has too many parts. Shown is what was read up to there.]
mail-too-large-to-fetch = [This mail of { $megabytes } MB is too large for the bridge. It is in the mailbox.]
mail-original-name = original.eml
mail-files-aside = [Not shown here: { $names }. Files of this kind can do harm. The mail with them is in the mailbox.]
mail-no-subject = (no subject)
mail-sender-unverified = { $name } (unverified)
mail-sender-suspect = { $name } (forged?)
mail-sender-unchecked = { $name } (not checked)
mail-signature-valid = [Signed by { $signer }. The signature is valid; { $issuer } vouches for the name.]
mail-signature-of-another = [Signed by { $signer }, who is not the sender. The signature is valid; { $issuer } vouches for the name.]
mail-signature-unvouched = [Signed; the signature names { $signer } and { $issuer } as the issuer. The mail is unchanged, but nobody who is trusted here vouches for the name.]
mail-signature-broken = [The signature does not fit: the mail was changed after it was signed.]
mail-signature-unreadable = [Signed, but in a way that cannot be checked here.]
mail-encrypted-smime = [This mail is encrypted (S/MIME), and the bridge has no key for it. It is attached as it came.]
mail-encrypted-pgp = [This mail is encrypted (OpenPGP), and the bridge has no key for it. It is attached as it came.]
mail-correction = Correction of an earlier message:
mail-no-recipient = No recipient is named.
mail-bad-recipient = The recipient's address is not a valid mail address.
mail-not-possible = This cannot be sent as mail.
mail-too-large-to-send = The message with its attachments is too large. At most { $megabytes } MB are possible.
mail-attachment-lost = An attachment no longer exists or is damaged.
mail-attachment-unread = An attachment could not be read just now.
mail-refused = The mail server refused the message: { $answer }
mail-put-off = The mail server does not take the message just now: { $answer }
mail-login-refused = The mail server refuses the bridge's login.
mail-server-away = The mail server cannot be reached just now.
mail-unknown = The connection broke before the mail server confirmed the message. It may have arrived.

## Reports on mail

# One line for each recipient; $reason ends with a full stop or the server's words.
mail-report-failed = Not delivered to { $address }: { $reason }
mail-report-delayed = Not delivered to { $address } yet: { $reason }
mail-report-delivered = Delivered to { $address }.
mail-report-relayed = Handed on for { $address } to a system that reports no delivery.
mail-report-displayed = { $address } opened the message (read receipt).
mail-report-deleted = The message was deleted at { $address }. Whether it was read is not known.
mail-report-processed = A program processed or forwarded the message at { $address }.
mail-report-complaint = { $address } reported the message as unwanted.
mail-report-more =
    { $count ->
        [one] There is one more recipient.
       *[other] There are { $count } more recipients.
    }
mail-reason-mailbox = mailbox unknown
mail-reason-domain = there is no mail server for this address
mail-reason-syntax = the address is misspelt
mail-reason-address = the address is not accepted
mail-reason-moved = the mailbox has moved
mail-reason-sender = our sender was not recognised
mail-reason-disabled = the mailbox accepts no messages
mail-reason-full = mailbox full
mail-reason-size = the message is too large
mail-reason-overloaded = the recipient's mail server is overloaded
mail-reason-unreachable = the recipient's mail server cannot be reached
mail-reason-later = the recipient's mail server does not take the message for now
mail-reason-loop = the message went round in circles
mail-reason-expired = it was tried in vain for too long
mail-reason-content = the message's form or content is not accepted
mail-reason-policy = turned away by the recipient, for example as unwanted
mail-reason-unknown = no reason given
mail-reason-said = The server writes: "{ $said }"

## SMS

sms-cost = { $count } SMS
sms-correction = Correction:
sms-empty = The message has no text that could be sent as SMS.
sms-attachment = Files and pictures cannot be sent as SMS. The message was not sent.
sms-too-long = The message would be { $parts } SMS. At most { $limit } are allowed.
sms-not-possible = This cannot be sent as SMS.
sms-no-recipient = No recipient is named.
sms-no-number = “{ $written }” is not a telephone number.
sms-number-unassigned = There is no number { $written }. Please check it.
sms-number-receives-none = The number { $written } cannot receive SMS: it belongs to a landline or a service line.
sms-number-not-allowed = SMS to { $number } are not allowed. This bridge writes only to numbers that its configuration admits.
sms-name-not-answerable = “{ $name }” cannot be written to: it is a name and not a number.
sms-not-fetched = There are no attachments in SMS.
sms-unreadable = The journal's entry is not an SMS.
sms-no-sender = An SMS arrived without a readable sender.
sms-without-text = [This SMS has no text.]
sms-incomplete =
    { $count ->
        [one] [This SMS is incomplete: of { $of } parts, part { $missing } did not arrive.]
       *[other] [This SMS is incomplete: of { $of } parts, the parts { $missing } did not arrive.]
    }
sms-mms =
    { $count ->
        [0] [This is an MMS. What it holds cannot be shown here.]
        [one] [This is an MMS with a picture or file that cannot be shown here.]
       *[other] [This is an MMS with { $count } pictures or files that cannot be shown here.]
    }
sms-binary =
    { $count ->
        [one] [This is no text message but one byte of data that cannot be shown here.]
       *[other] [This is no text message but { $count } bytes of data that cannot be shown here.]
    }
sms-report-expired = It could not be delivered in time.
sms-report-undeliverable = It cannot be delivered.
sms-report-rejected = The network refused it.
sms-report-deleted = The network deleted it before it was delivered.
sms-report-unknown = The network does not know what became of it.
sms-error-unknown-subscriber = The network does not know this number.
sms-error-absent = The phone is switched off or has no network.
sms-error-not-admitted = The phone is not admitted to this network.
sms-error-no-service = This line cannot receive SMS.
sms-error-barred = The line is barred for SMS.
sms-error-busy = The phone was busy with other SMS.
sms-error-network = The network reports a fault.
sms-error-memory-full = The phone's memory is full.
sms-error-code = The network gives the code { $code }.

## SMS over SMPP

smpp-away = The SMS gateway cannot be reached.
smpp-too-much = The SMS gateway takes no more at the moment (code { $code }).
smpp-trouble = The SMS gateway is in trouble (code { $code }).
smpp-refused = The SMS gateway refused the SMS (code { $code }).
smpp-number-refused = The SMS gateway cannot reach this number (code { $code }).
smpp-sender-refused = The SMS gateway does not allow the sender (code { $code }).
smpp-text-refused = The text is too long for the SMS gateway (code { $code }).
smpp-validity-refused = The SMS gateway does not allow the validity period (code { $code }).
smpp-unanswered = The SMS gateway did not answer; it may have the SMS all the same.
smpp-interrupted = Sending was interrupted; the SMS gateway may have the SMS already.

## SMS over HTTP

sms-gateway-away = The SMS gateway cannot be reached at the moment.
sms-gateway-login-refused = The SMS gateway refuses the bridge's login. An operator must check the access data.
sms-gateway-put-off = The SMS gateway cannot take the message at the moment ({ $code }).
sms-gateway-refused = The SMS gateway refused the message ({ $code }).
sms-gateway-unknown = The SMS gateway did not say whether it took the message.

## Intranet

intranet-html-left-out = (The formatted text was too extensive to be shown; this is its plain text.)
intranet-unreadable = What the system sent cannot be read.
intranet-system-gone = The system that the message came from is not in the configuration any more.
intranet-no-recipient = The message names no system as its recipient.
intranet-no-system = There is no system “{ $system }” here.
intranet-takes-nothing = The system “{ $system }” takes no messages.
intranet-takes-no-such-thing = Systems take nothing but messages.
intranet-no-deed = This system cannot be asked for that.
intranet-not-fetched = Systems send no attachments.
intranet-brings-nothing = The system says nothing itself, and yet something came in its name.
intranet-away = The system “{ $system }” cannot be reached at the moment.
intranet-not-listed = The name of the system “{ $system }” leads into a network that the bridge must not reach. An operator must check the name, or list the network.
intranet-silent = The system “{ $system }” did not answer.
intranet-unknown = The system “{ $system }” did not answer; it may have the message all the same.
intranet-interrupted = Sending was interrupted; the system “{ $system }” may have the message already.
intranet-login-refused = The system “{ $system }” refuses the bridge's login. An operator must check the access data.
intranet-elsewhere = The system “{ $system }” says that it is at another address now ({ $code }). An operator must enter it.
intranet-put-off = The system “{ $system }” cannot take the message at the moment ({ $code }).
intranet-refused = The system “{ $system }” refused the message ({ $code }).
intranet-off = The system “{ $system }” asked for no more messages. It gets none until an operator has checked it and started the bridge anew.
intranet-attachment = The system takes no attachments. Please send the text alone.
intranet-empty = The message has no text.
intranet-too-long = The message is too long: the system takes at most { $limit } characters.
intranet-too-large = The message is too long: the system takes at most { $limit }.
intranet-party-missing = The system must be told for whom the message is: write the name behind the system's, with a slash between them.
intranet-party-not-listed = The system takes no messages for “{ $party }”.
intranet-unfit-id = The message's id cannot be sent to the system.
intranet-correction = Correction:
intranet-cut = (shortened)
intranet-silence-comment = !{ $word } from the room
intranet-silence-over = The time for which the alert was to be silent is over already.
intranet-silence-span = “{ $written }” is no length of time. Please write it as 30m, 2h or 1d.
intranet-silence-unclear = The alert does not say by which labels it is known, and so it cannot be silenced from here.
intranet-template-fails = The template does not fit what the system sent ({ $error }).
intranet-template-fails-owned = The template does not fit what the system sent ({ $error }). { $owner } is in charge of it.
intranet-hook-expires = The system “{ $system }” may report here until { $date } only. Nothing of it arrives after that, unless an operator extends the time.
intranet-hook-expires-owned = The system “{ $system }” may report here until { $date } only. Nothing of it arrives after that, unless an operator extends the time. { $owner } is in charge of it.
intranet-alert-firing = Alert, firing:
intranet-alert-resolved = Alert, resolved:
intranet-alert-severity = severity: { $severity }
intranet-alerts-firing =
    { $count ->
        [one] One alert is firing
       *[other] { $count } alerts are firing
    }
intranet-alerts-resolved =
    { $count ->
        [one] One alert is resolved
       *[other] { $count } alerts are resolved
    }
intranet-alerts-left-out =
    { $count ->
        [one] … and one more
       *[other] … and { $count } more
    }
intranet-alert-source = Source
intranet-fit-connect-submissions =
    { $count ->
        [one] FIT-Connect: One new submission is waiting.
       *[other] FIT-Connect: { $count } new submissions are waiting.
    }
intranet-fit-connect-replies =
    { $count ->
        [one] FIT-Connect: One new reply is waiting.
       *[other] FIT-Connect: { $count } new replies are waiting.
    }
intranet-fit-connect-events = FIT-Connect reports a change.
intranet-fit-connect-destination = destination
intranet-fit-connect-case = case
intranet-talk-joined = The bridge is in the conversation “{ $room }” in Nextcloud Talk now.
intranet-talk-left = The bridge is not in the conversation “{ $room }” in Nextcloud Talk any more.
intranet-talk-system = Something changed in the conversation “{ $room }” in Nextcloud Talk.

## MQTT

mqtt-session-lost = The broker of “{ $system }” does not know us any more. What was published there while the connection was away may be missing here.
mqtt-perhaps-repeated = (The broker has sent this again; it may already stand above.)
mqtt-left-out = (a message of { $size } bytes; too large to be taken)
mqtt-binary = (binary data, { $size } bytes)
mqtt-empty = (no content)
mqtt-topic-missing = Name the topic behind the system: SYSTEM/TOPIC.
mqtt-topic-not-allowed = Nothing may be published to “{ $topic }”; the option “publish” says what may.
mqtt-no-attachments = MQTT takes text only, no attachments.
mqtt-no-receipts = The broker acknowledges nothing (it does not offer QoS 1), so nothing is published there.
mqtt-too-large = The message is larger than the broker takes.
mqtt-away = The broker cannot be reached or is not ready.
mqtt-not-let-in = The broker does not let us in; user, password and client id must be checked.
mqtt-not-authorised = The broker does not allow publishing to this topic.
mqtt-not-taken = The broker does not take this topic or this content.
mqtt-no-answer = The broker did not say whether it has taken the message.

## Feeds

feed-away = The feed “{ $system }” has not been reachable for more than a day. What it lists and drops meanwhile will be missing here.
feed-refused = The feed “{ $system }” has answered { $status } for more than a day. What it lists and drops meanwhile will be missing here.
feed-moved = The feed “{ $system }” has moved to { $place }. It is not followed by itself; an operator should change the option “url” if that is right.
feed-too-large = The feed “{ $system }” has been larger than the option “max_size” allows for more than a day.
feed-unreadable = The feed “{ $system }” has been unreadable for more than a day.

## Matrix

matrix-unreachable = The Matrix server cannot be reached.
matrix-busy = The Matrix server is busy and asks for patience.
matrix-token-refused = The Matrix server no longer accepts the bridge's login.
matrix-forbidden = The bridge is not allowed to write in this room.
matrix-too-large = The message is too large for the Matrix server.
matrix-refused = The Matrix server refused the message ({ $code }).
matrix-room-empty = Nobody is in this room any more.
matrix-not-in-room = The bridge is not in this room.
matrix-internal = The Matrix side of the bridge reports an internal error.
matrix-store = The bridge's store takes nothing at the moment.
matrix-spool = The bridge's spool for attachments takes nothing at the moment.
matrix-encryption-removed = This room was encrypted and is said to be so no longer. The bridge does not write here without encryption.
matrix-room-not-encrypted = This room is not encrypted. The bridge is set up to write into encrypted rooms only.
matrix-room-unknown = There is no such room, or its name is not valid.
matrix-invite-unknown = One of the Matrix ids to invite is not valid.
matrix-media-gone = The Matrix server no longer has the attachment.
matrix-media-damaged = The attachment was changed or damaged and is not passed on.
matrix-media-too-large = The attachment is larger than { $limit } MB and is not passed on.
matrix-attachment-lost = The attachment “{ $name }” could not be read and is missing here.
matrix-attachment-too-large = The attachment “{ $name }” is missing here: the Matrix server takes { $limit } MB at most.
matrix-text-cut = (Shortened. The whole text is attached.)
matrix-text-file = message.txt
matrix-correction = Correction of an earlier message:
matrix-automatic = Automatic message:
matrix-key-missing = A message from { $user } cannot be decrypted yet because its key is missing. If the key still arrives, the message is passed on. If it is urgent, please send it again.
matrix-undecryptable = A message from { $user } cannot be decrypted and was not passed on. Please send it again.
matrix-sender-not-trusted = A message from { $user } was not passed on because the device is not verified. Please verify your device in the security settings and send the message again.
matrix-device-not-verified = A device of { $user } is not verified and cannot read what the bridge writes. Please verify the device in the security settings.
matrix-plaintext-ignored = An unencrypted message from { $user } in this encrypted room was not passed on.
matrix-unreadable = An event in this room could not be read and was put aside.

## Operators

# How a worker does.
health-up = connected
health-down = not connected ({ $why })

# How one hop of a message was protected.
protection-megolm = end-to-end encrypted (Megolm)
protection-megolm-by = end-to-end encrypted (Megolm), device { $trust }
protection-tls = { $version }, certificate unknown here
protection-tls-verified = { $version }, certificate verified
protection-tls-unverified = { $version }, certificate not verified
protection-plain = NOT encrypted
protection-unknown = protection unknown

# The steps of a message's way.
trace-accepted = accepted
trace-border = taken in by our organisation's own server
trace-put-aside = could not be read; put aside
trace-passed = may pass
trace-withheld = may pass, but only that it came is shown: the room gives too little protection
trace-not-passed = may not pass; its author was told why
trace-ignored = ignored
trace-routed =
    { $count ->
        [0] became no delivery
        [one] became one delivery
       *[other] became { $count } deliveries
    }
trace-held = waits for its time
trace-held-paused = waits: the bridge is paused
trace-delivered = delivered
trace-retry = not delivered yet; tried again by itself
trace-refused = refused; given up
trace-unknown = nobody knows whether it arrived; given up
trace-gave-up = tried for too long; given up
trace-gathered = gathered with others into { $reference }
trace-reported-sent = the other side reports: on its way
trace-reported-delivered = the other side reports: arrived
trace-reported-delayed = the other side reports: delayed
trace-reported-failed = the other side reports: did not arrive
trace-reported-unknown = the other side reports: unknown whether it arrived
trace-requeued = put back to be tried again, by { $by }
trace-discarded = discarded, by { $by }
trace-opened = what somebody wrote was read, by { $by }
trace-expired = forgotten: nobody decided in time
trace-overtaken = a later word on the same matter took its place
trace-settled = it arrived after all; no decision is needed
trace-tested = a test, by { $by }

# Why a message is ignored.
ignored-blocked = its sender is blocked
ignored-no-bridge = no bridge is called so any more
ignored-own-message-came-back = it is our own message, come back
ignored-invite-not-allowed = whoever invites is not on the list of those who may
ignored-room-without-bridge = the room belongs to no bridge
ignored-written-by-a-machine = a machine wrote it
ignored-a-mark = it is a mark that asks for nothing
ignored-outside-any-conversation = it belongs to no conversation: people talk among themselves

## What would happen

explain-room-main = This is the room of the bridge { $bridge } ({ $kind }).
explain-room-intake = This is the intake room of the bridge { $bridge } ({ $kind }), where strangers wait for approval.
explain-room-own = This is the room of a single conversation of the bridge { $bridge } ({ $kind }).
explain-room-team = This is the room "{ $team }" of the bridge { $bridge } ({ $kind }).
explain-sent = A message in one of its conversations would leave at once.
explain-held = A message in one of its conversations would wait and leave { $when }.
explain-paused = A message in one of its conversations would wait: the bridge is paused.
explain-refused = A message in one of its conversations would NOT leave: { $reason }. Its author would be told.
explain-ignored = A message there would be ignored: { $reason }.
explain-senders = Who may send: { $who }, with a power level of { $power } or more in the room. Set as { $where }.
explain-encryption = Only what is end-to-end encrypted leaves. With that its encryption ends; once in each conversation the room is told so.
explain-level = Level of protection: this room { $room }, the other side { $far }. Nothing leaves towards a lower level.
explain-hours = Quiet hours: { $hours }. What is sent then waits for their end.
explain-hours-none = There are no quiet hours.
explain-hours-paused = The bridge is paused: nothing leaves until somebody writes !continue, or the configuration allows it.
explain-budget-recipient = Budget for each recipient: { $spent } of { $allowed } spent, anew { $when }.
explain-budget-user = Budget for each user: { $spent } of { $allowed } spent, anew { $when }.
explain-budget-room = Budget for each room: { $spent } of { $allowed } spent, anew { $when }.
explain-budget-bridge = Budget of the bridge: { $spent } of { $allowed } spent, anew { $when }.
explain-budget-none = No budget bounds it.
explain-form = It would go as a whole, as its author wrote it. Commands (with ! at the beginning), marks, and what is said outside any conversation do not leave.
explain-inward-thread = What the other side writes is shown in a thread of the bridge's room.
explain-inward-own = What the other side writes is shown in a room of its own for each conversation.
explain-inward-intake = What somebody new writes is shown in the intake room until somebody writes !approve.
level-none = without limit
level-normal = normal
level-high = high
level-very-high = very high

## First steps

init-language = Sprache / language: de, en
init-kind = The kind of the first bridge
init-homeserver = The Matrix homeserver's address, such as https://matrix.amt.example
init-user = The bridge's Matrix account, such as @post:amt.example
init-matrix-password = That account's password
init-senders = Who may write to the outside: @name:server, or *:server for everyone there
init-name = The bridge's name: lower-case letters, digits, hyphens
init-address = The mailbox's address
init-imap = The IMAP server (TLS, port 993)
init-smtp = The SMTP server (TLS, port 465)
init-login = The login name at both
init-mail-password = The password at both
init-number = Our number, such as +4915112345678
init-prefix = Who may be written to: how numbers begin
init-smpp = The SMPP server (TLS, port 3550)
init-system-id = The login name at the gateway
init-smpp-password = The password at the gateway

## Command line

cli-attempt = attempt { $number } of part { $part }
cli-check-good = { $file }: the configuration is good. Bridges: { $bridges }
cli-column-after = After
cli-column-arrived = Arrived
cli-column-attached = Attached
cli-column-attempts = Attempts
cli-column-bridge = Bridge
cli-column-dead-letters = Given up
cli-column-detail = Detail
cli-column-direction = Direction
cli-column-finding = Finding
cli-column-from = From
cli-column-held = Held
cli-column-kind = Kind
cli-column-oldest = Oldest
cli-column-reason = Reason
cli-column-reference = Reference
cli-column-since = Since
cli-column-stage = Stage
cli-column-state = State
cli-column-step = Tried
cli-column-subject = Subject
cli-column-time = Time
cli-column-to = To
cli-column-until = Kept until
cli-column-waiting = Waiting
cli-column-what = Outcome
cli-column-worker = Part
cli-direction-in = into the room
cli-direction-out = out of the room
cli-discard-all =
    { $count ->
        [one] One message would be discarded for good.
       *[other] { $count } messages would be discarded for good.
    }
cli-discarded = { $reference } was discarded.
cli-discarded-all =
    { $count ->
        [one] One message was discarded.
       *[other] { $count } messages were discarded.
    }
cli-doctor-alone = No viadukt runs with this configuration; this command did the trying itself.
cli-doctor-running = The running viadukt did the trying.
cli-doubtful = perhaps: the other side did not say
cli-failed = That did not work: { $why }
cli-init-done =
    { $folder } holds viadukt.toml, the secrets and viadukt.service. What comes next:
    1. viadukt check --config { $folder }/viadukt.toml
    2. viadukt doctor --config { $folder }/viadukt.toml
    3. Give the files to the user that viadukt runs as; copy viadukt.service to /etc/systemd/system, then: systemctl enable --now viadukt
cli-no-dead-letters = Nothing was given up; nothing waits for a decision.
cli-not-doubtful = no
cli-not-running = No viadukt runs with this configuration ({ $why }). Start it with "viadukt run", or name the running one's configuration with --config.
cli-nothing-done = Nothing was done.
cli-requeue-all =
    { $count ->
        [one] One message would be tried again.
       *[other] { $count } messages would be tried again.
    }
cli-requeued = { $reference } will be tried again.
cli-requeued-all =
    { $count ->
        [one] One message will be tried again.
       *[other] { $count } messages will be tried again.
    }
cli-say-yes = Say --yes if that is meant.
cli-several = { $number } messages are called so. Ask again with the reference of the one that you mean.
cli-state-bad = WRONG
cli-state-good = OK
cli-state-paused = paused; { $state }
cli-status = viadukt { $version }, running since { $since }. Store { $store }, spool { $spool }.
cli-token-refused = The process on { $address } does not take the token in { $token }. Does it belong to another configuration?
cli-type-yes = Type "yes" if that is meant:
cli-unknown-place = There is no room and no bridge called { $place }. Name a room by its id (!…), or a bridge as the configuration does.
cli-unknown-reference = Nothing is known by this reference. Check the reference; traces and what was given up are deleted after their retention time.

## Console

test-message = This is a test from the console. It shows that messages reach this room; nothing went to the outside.
console-overview = Overview
console-conversations = Conversations
console-trace = A message's way
console-dead-letters = Given up
console-contacts = Contacts
console-test = Test
console-record = Record
console-navigation = Parts of the console
console-language = Language
console-skip = Skip to content
console-no-content = This console shows neither content nor addresses.
console-as-of = As of
console-reload = Reload
console-live-stop = Stop updating
console-live-go = Keep updating
console-login = Log in
console-login-lead = For the people who keep viadukt running.
console-login-your-name = Your name
console-login-name-why = It stands in the record beside whatever you do here. It is not checked.
console-login-token = Token
console-login-enter = Log in
console-login-where = Where do I find the token?
console-login-where-text = In the file { $file } on the machine that viadukt runs on. Only people who may operate viadukt can read it.
console-login-wrong = This token is wrong. Without a token file of your own there is a new one at each start of viadukt.
console-login-expired = The form was too old. Please log in once more.
console-login-too-often = Those were too many tries. Please wait a moment.
console-login-name = Please give your name.
console-login-provider = Log in through the identity provider
console-login-by-token = Or with the token
console-login-done = You are logged in
console-login-on = On to the overview
console-login-again = Log in again
console-login-not-invited = The identity provider knows you, but you are in none of the groups that may operate viadukt.
console-login-provider-failed = The identity provider does not answer as expected. What it said stands in viadukt's log.
console-logout = Log out
console-unknown = There is no such thing here
console-unknown-text = The address is wrong, or what was here has been dealt with. The parts above lead on.
console-failed = That did not work
console-failed-text = viadukt could not do what was asked. Nothing has changed beyond what is said here.
console-state-well = Everything runs.
console-state-starting = viadukt is still starting: not every bridge has its room yet.
console-state-down =
    { $count ->
        [one] One connection is down.
       *[other] { $count } connections are down.
    }
console-workers = Connections
console-workers-text = The homeserver and each bridge, with what waits for them.
console-name = Name
console-state = State
console-up = connected
console-up-since = since
console-down = not connected
console-paused = paused
console-waiting = Waiting
console-oldest = Oldest waits
console-held = Held back
console-held-note = until their time, or until the bridge goes on
console-given-up = Given up
console-given-up-note = waits for a decision
console-none = –
console-conversations-lead = Where conversations take place and when something came last. Parties are short marks that lead to a person only with the key of this viadukt.
console-conversations-empty = There is no conversation yet.
console-conversations-caption =
    { $count ->
        [one] One conversation
       *[other] { $count } conversations
    }
console-conversations-shown = (the last { $count })
console-last = Last
console-home = Place
console-parties = Parties
console-messages = Messages
console-began = Began
console-home-main = Thread of the bridge's room
console-home-team = Thread of the room “{ $name }”
console-home-intake = Thread of the intake room
console-home-own = Room of its own
console-trace-lead = What became of a message? Look for the reference that stands in notices in the room and beside what was given up, or for what a network calls the message: a mail's Message-ID, the id of a Matrix event, a gateway's number.
console-trace-one = One message's way
console-trace-go = Show the way
console-trace-unknown = No message is known by this name. Ways are deleted after their keeping time.
console-trace-several =
    { $count ->
        [one] One message is called this:
       *[other] { $count } messages are called this:
    }
console-reference = Reference
console-picture = The way at a glance
console-steps = Step by step
console-room = Matrix room
console-not-passed = did not arrive
console-lock-end = end-to-end encrypted
console-lock-hop = encrypted on this hop
console-lock-none = not encrypted
console-lock-unknown = protection unknown
console-stage-border = Our organisation's border
console-stage-accept = Acceptance
console-stage-normalise = Reading
console-stage-judge = Judgement
console-stage-route = Routing
console-stage-deliver = Delivery
console-stage-report = Report
console-stage-decide = Decision
console-step-attempt = To { $name }, attempt { $attempt }: { $outcome }.
console-outcome-delivered = arrived
console-outcome-retry = not yet, another attempt follows
console-outcome-refused = refused
console-outcome-unknown = unclear whether it arrived
console-outcome-gave-up = given up
console-dead-lead = What viadukt has given up stays here until a person decides or its keeping time ends.
console-dead-empty = Nothing was given up; nothing waits for a decision.
console-dead-caption =
    { $count ->
        [one] One delivery waits for a decision
       *[other] { $count } deliveries wait for a decision
    }
console-bridge = Bridge
console-direction = Direction
console-inward = into the room
console-outward = out of the room
console-since = Since
console-why = Reason
console-decide = Decide
console-requeue = Try again
console-discard = Discard
console-requeue-sure = Try again?
console-requeue-text = The delivery goes back into the queue. Where it was unclear whether it had arrived, it may arrive twice.
console-discard-sure = Really discard?
console-discard-text = The message is deleted and cannot be brought back.
console-cancel = Cancel
console-contacts-lead = People on the other side for whom something lasting holds. They stand here with the same short mark as in log lines; the console shows no address and no number.
console-stopped = Want no messages
console-stopped-text = They wrote STOP. Only they can change that, by writing START.
console-stopped-empty = Nobody has opted out.
console-stopped-caption =
    { $count ->
        [one] One contact wants no messages
       *[other] { $count } contacts want no messages
    }
console-blocked = Blocked
console-blocked-text = Somebody wrote !block in the room. What these senders write is not shown.
console-blocked-empty = Nobody is blocked.
console-blocked-caption =
    { $count ->
        [one] One blocked sender
       *[other] { $count } blocked senders
    }
console-contact = Mark
console-not-known = not known
console-unblock = Unblock
console-unblock-sure = Unblock?
console-unblock-text = What this sender writes from now on is shown again.
console-probe = Check the connections
console-probe-text = viadukt logs in at each far side as it does for messages. Nothing is sent.
console-probe-go = Check now
console-probe-found = What the check found
console-worker = Connection
console-tried = Checked
console-found = Result
console-works = works
console-fails = does not work
console-send = Test message
console-send-text = A sentence goes into a bridge's room on the way of every message: through store, queue and encryption. Nothing goes to the outside; nobody there is disturbed, nothing costs anything.
console-send-go = Into the room of “{ $bridge }”
console-record-lead = Who did what here. The entries stay for a year.
console-record-empty = Nobody has done anything here yet.
console-record-caption =
    { $count ->
        [one] One entry, the latest first
       *[other] { $count } entries, the latest first
    }
console-when = When
console-who = Who
console-what = What
console-about = About
console-proof-token = by token
console-proof-provider = by the identity provider
console-did-login = logged in
console-did-requeue = had it tried again
console-did-discard = discarded it
console-did-unblock = unblocked a sender
console-did-probe = checked the connections
console-did-test = sent a test message
console-did-else = did something
console-seconds =
    { $count ->
        [one] 1 second
       *[other] { $count } seconds
    }
console-minutes =
    { $count ->
        [one] 1 minute
       *[other] { $count } minutes
    }
console-hours =
    { $count ->
        [one] 1 hour
       *[other] { $count } hours
    }
console-days =
    { $count ->
        [one] 1 day
       *[other] { $count } days
    }
## Backup

backup-bad = { $count } faults were found. What they are about will be missing; "viadukt repair" sets it aside.
backup-checked = Read { $records } records and { $files } spool files.
backup-column-count = Number
backup-column-kind = Kind
backup-column-name = Which
backup-doubted = { $count } deliveries that waited may have been made already. The next start treats them like sends that were cut short: a mail goes out again and its room is told, an SMS is held for a person. (If nothing ran since the export, import with --moved.)
backup-exists = { $file } exists already. Choose another name.
backup-exported = The export is in { $file } ({ $bytes } bytes). Check it with "viadukt verify".
backup-good = Everything is as it should be.
backup-holds = An export of { $time }, made by viadukt { $version }: { $records } records, { $files } spool files.
backup-identity-needed = The export is encrypted. Name the age identity file of a recipient with --identity.
backup-imported = { $folder } was made of it. At its next start the bridge logs in as a new device; the recovery key (recovery_key_file) must be in its place.
backup-plain = Warning: this export is not encrypted. Whoever has it reads every message, address and attachment in it. Encrypt with --recipient wherever it leaves this machine.
backup-unreadable = { $count } spool files were damaged already when the export was made and are missing.
backup-commits-lost = The last { $count } commits are gone.
backup-commits-unknown = Whether the last commits are gone cannot be told: their count is damaged, too.
backup-compacted = The store has { $after } bytes now; before it had { $before }.
backup-repaired = { $records } records were saved, and viadukt can start again. The damaged store, with a list of what was set aside, is in { $folder }.
