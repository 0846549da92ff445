
## E-mail

mail-empty = A mail was empty, or the mail server did not hand it over.
mail-beyond-limits = [This mail has too many parts. Shown is what was read up to there.]
mail-too-large-to-fetch = [This mail of { $megabytes } MB is too large for the bridge. It is in the mailbox.]
mail-no-subject = (no subject)
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
