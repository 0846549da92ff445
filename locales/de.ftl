
## matrix

matrix-unreachable = Der Matrix-Server ist nicht erreichbar.
matrix-busy = Der Matrix-Server ist überlastet und bittet um Geduld.
matrix-token-refused = Der Matrix-Server erkennt die Anmeldung der Brücke nicht mehr an.
matrix-forbidden = Die Brücke darf in diesem Raum nicht schreiben.
matrix-too-large = Die Nachricht ist für den Matrix-Server zu groß.
matrix-refused = Der Matrix-Server hat die Nachricht abgelehnt ({ $code }).
matrix-not-in-room = Die Brücke ist nicht in diesem Raum.
matrix-internal = Die Matrix-Seite der Brücke meldet einen inneren Fehler.
matrix-store = Der Speicher der Brücke nimmt zurzeit nichts an.
matrix-spool = Der Zwischenspeicher für Anhänge nimmt zurzeit nichts an.
matrix-encryption-removed = Dieser Raum war verschlüsselt und ist es angeblich nicht mehr. Die Brücke schreibt hier nicht unverschlüsselt.
matrix-room-not-encrypted = Dieser Raum ist nicht verschlüsselt. Die Brücke ist so eingestellt, dass sie nur in verschlüsselte Räume schreibt.
matrix-room-unknown = Diesen Raum gibt es nicht, oder seine Bezeichnung ist ungültig.
matrix-invite-unknown = Eine der einzuladenden Matrix-Kennungen ist ungültig.
matrix-media-gone = Der Anhang ist auf dem Matrix-Server nicht mehr vorhanden.
matrix-media-damaged = Der Anhang wurde verändert oder beschädigt und wird nicht weitergegeben.
matrix-media-too-large = Der Anhang ist größer als { $limit } MB und wird nicht weitergegeben.
matrix-attachment-lost = Der Anhang „{ $name }“ konnte nicht gelesen werden und fehlt hier.
matrix-attachment-too-large = Der Anhang „{ $name }“ fehlt hier: Der Matrix-Server nimmt höchstens { $limit } MB an.
matrix-text-cut = (Gekürzt. Der vollständige Text ist angehängt.)
matrix-text-file = nachricht.txt
matrix-correction = Korrektur einer früheren Nachricht:
matrix-automatic = Automatische Nachricht:
matrix-undecryptable = Eine Nachricht von { $user } lässt sich nicht entschlüsseln und wurde nicht weitergegeben. Bitte senden Sie sie noch einmal.
matrix-sender-not-trusted = Eine Nachricht von { $user } wurde nicht weitergegeben, weil das Gerät nicht bestätigt ist. Bitte bestätigen Sie Ihr Gerät in den Sicherheitseinstellungen und senden Sie die Nachricht noch einmal.
matrix-device-not-verified = Ein Gerät von { $user } ist nicht bestätigt und kann die Nachrichten der Brücke nicht lesen. Bitte bestätigen Sie das Gerät in den Sicherheitseinstellungen.
matrix-plaintext-ignored = Eine unverschlüsselte Nachricht von { $user } in diesem verschlüsselten Raum wurde nicht weitergegeben.
matrix-unreadable = Ein Ereignis in diesem Raum war nicht lesbar und wurde zur Seite gelegt.
