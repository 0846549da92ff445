
## E-Mail

mail-empty = Eine E-Mail war leer, oder der Mailserver gab sie nicht heraus.
mail-beyond-limits = [Diese E-Mail besteht aus zu vielen Teilen. Gezeigt wird, was bis dahin gelesen wurde.]
mail-too-large-to-fetch = [Diese E-Mail ist mit { $megabytes } MB zu groß für die Brücke. Sie liegt im Postfach.]
mail-no-subject = (ohne Betreff)
mail-correction = Korrektur einer früheren Nachricht:
mail-no-recipient = Es ist kein Empfänger genannt.
mail-bad-recipient = Die Empfängeradresse ist keine gültige E-Mail-Adresse.
mail-not-possible = Das lässt sich nicht als E-Mail senden.
mail-too-large-to-send = Die Nachricht ist mit ihren Anhängen zu groß. Höchstens { $megabytes } MB sind möglich.
mail-attachment-lost = Ein Anhang ist nicht mehr vorhanden oder beschädigt.
mail-attachment-unread = Ein Anhang konnte gerade nicht gelesen werden.
mail-refused = Der Mailserver hat die Nachricht abgelehnt: { $answer }
mail-put-off = Der Mailserver nimmt die Nachricht gerade nicht an: { $answer }
mail-login-refused = Der Mailserver lehnt die Anmeldung der Brücke ab.
mail-server-away = Der Mailserver ist gerade nicht erreichbar.
mail-unknown = Die Verbindung brach ab, bevor der Mailserver die Nachricht bestätigte. Sie kann angekommen sein.
