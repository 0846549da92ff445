## pipeline

# What became of a message; status-sent is the whole text of a reaction.
status-sent = ✓ sent
status-sent-twice = This message was sent again after an interruption. It may have arrived twice.
status-delayed = This message could not be delivered yet: { $reason }. It is tried again by itself.
status-failed = This message was not delivered: { $reason }. Reference { $reference }. Write !resend here to try again.
status-unknown = It is not known whether this message arrived: { $reason }. Reference { $reference }. Write !resend here to send it again; it may then arrive twice.
not-sent = This message was not sent: { $reason }.
not-shown = A message for this room could not be shown: { $reason }. Reference { $reference }.
item-put-aside = Something arrived that could not be read and was put aside: { $reason }. Reference { $reference }.
report-delivered = The recipient's mail server reports: delivered. { $detail }
report-delayed = The recipient's mail server reports a delay. { $detail }
report-failed = The recipient's mail server reports that this message was not delivered. { $detail }
stranger-joined = The next message comes from somebody who did not take part in this conversation before. Answers still go to the first correspondent only.
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
    !new ADDRESS SUBJECT – begin a conversation; further lines are its first message
    !resend – in a thread: try again what was not delivered there
    !resend REFERENCE – the same for one message
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
status-up = { $name }: connected, { $waiting } waiting
status-down = { $name }: not connected, { $waiting } waiting
