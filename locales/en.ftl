
## matrix

matrix-unreachable = The Matrix server cannot be reached.
matrix-busy = The Matrix server is busy and asks for patience.
matrix-token-refused = The Matrix server no longer accepts the bridge's login.
matrix-forbidden = The bridge is not allowed to write in this room.
matrix-too-large = The message is too large for the Matrix server.
matrix-refused = The Matrix server refused the message ({ $code }).
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
matrix-undecryptable = A message from { $user } cannot be decrypted and was not passed on. Please send it again.
matrix-sender-not-trusted = A message from { $user } was not passed on because the device is not verified. Please verify your device in the security settings and send the message again.
matrix-device-not-verified = A device of { $user } is not verified and cannot read what the bridge writes. Please verify the device in the security settings.
matrix-plaintext-ignored = An unencrypted message from { $user } in this encrypted room was not passed on.
matrix-unreadable = An event in this room could not be read and was put aside.
