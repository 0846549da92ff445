## Pipeline

# Was aus einer Nachricht wurde; status-sent ist der ganze Text einer Reaktion.
status-sent = ✓ gesendet
status-sent-cost = ✓ gesendet ({ $cost })
status-sent-twice = Diese Nachricht wurde nach einer Unterbrechung noch einmal gesendet. Sie ist vielleicht doppelt angekommen.
status-to = An { $recipient }: { $text }
status-one-of = { $text } ({ $place } von { $count })
status-delayed = Diese Nachricht konnte noch nicht zugestellt werden: { $reason }. Es wird von selbst weiter versucht.
status-failed = Diese Nachricht wurde nicht zugestellt: { $reason }. Kennung { $reference }. Schreiben Sie hier !resend, um es noch einmal zu versuchen.
status-unknown = Es ist nicht bekannt, ob diese Nachricht angekommen ist: { $reason }. Kennung { $reference }. Schreiben Sie hier !resend, um sie noch einmal zu senden; sie kommt dann vielleicht doppelt an.
not-sent = Diese Nachricht wurde nicht gesendet: { $reason }.
not-shown = Eine Nachricht für diesen Raum konnte nicht angezeigt werden: { $reason }. Kennung { $reference }.
item-put-aside = Es ist etwas angekommen, das nicht gelesen werden konnte und beiseitegelegt wurde: { $reason }. Kennung { $reference }.
stranger-joined = Diese Nachricht kommt von jemandem, der an diesem Gespräch bisher nicht beteiligt war. Antworten gehen nicht an diesen Absender; mit !kopie und der Adresse ändern Sie das.
answers-elsewhere = Antworten in diesem Thread gehen an { $address }, wie es der Absender wünscht; das ist nicht die Adresse, von der die Nachricht kam.
redaction-in-time = Die Nachricht wurde zurückgenommen, bevor sie gesendet wurde.
redaction-too-late = Die Nachricht war schon gesendet und lässt sich auf der anderen Seite nicht mehr zurücknehmen.

refused-not-encrypted = sie war nicht verschlüsselt
refused-sender = Sie stehen nicht auf der Liste derer, die aus diesem Raum nach außen schreiben dürfen
refused-power-level = Ihre Berechtigungsstufe in diesem Raum reicht nicht, um nach außen zu schreiben

unreadable-deaths = viadukt ist beim Lesen dreimal stehen geblieben
unreadable-no-bridge = die zugehörige Brücke ist nicht mehr eingerichtet
unreadable-panic = das Lesen ist auf unvorhergesehene Weise gescheitert
unreadable-time = das Lesen hat zu lange gedauert
delivery-deaths = viadukt ist beim Senden zu oft stehen geblieben
delivery-no-bridge = die zugehörige Brücke ist nicht mehr eingerichtet
delivery-no-room = der Raum ist noch nicht bereit
delivery-panic = das Senden ist auf unvorhergesehene Weise gescheitert
delivery-time = die andere Seite hat nicht rechtzeitig geantwortet

command-help =
    Sie schreiben nach außen, indem Sie in einem Thread antworten. Befehle:
    !{ $verb } EMPFÄNGER[,EMPFÄNGER…] [--at ZEIT] TEXT – den Text senden, auch an mehrere, auch später
    !new ADRESSE[,ADRESSE…] BETREFF – ein Gespräch beginnen; weitere Zeilen sind die erste Nachricht
    !an ADRESSE[,ADRESSE…] – in einem Thread: an wen Antworten von nun an gehen
    !kopie ADRESSE – in einem Thread: wer von nun an mitliest; !kopie -ADRESSE – nicht mehr
    !resend – in einem Thread: noch einmal versuchen, was dort nicht zugestellt wurde
    !approve [RAUM] – im Eingangsraum: den Absender annehmen; das Gespräch geht im Raum der Brücke oder im genannten weiter
    !resend KENNUNG – dasselbe für eine einzelne Nachricht
    !block – in einem Thread: von diesem Absender nichts mehr anzeigen
    !unblock EMPFÄNGER – wieder anzeigen
    !pause – über diese Brücke nichts hinauslassen; !weiter – wieder hinauslassen
    !aufgegeben – was aufgegeben wurde; !verwerfen KENNUNG – es vergessen
    !status – wie es um die Verbindungen steht
    !help – dieser Text
command-unclear = Diesen Befehl gibt es nicht, oder ihm fehlt etwas. !help zeigt die Liste.
command-new = Schreiben Sie in diesem Thread: Jede Ihrer Nachrichten geht an den Empfänger.
command-resend =
    { $count ->
        [0] Hier gibt es nichts, was auf einen neuen Versuch wartet.
        [one] Eine Nachricht wird noch einmal versucht.
       *[other] { $count } Nachrichten werden noch einmal versucht.
    }
command-deadletters =
    { $count ->
        [0] Hier wurde nichts aufgegeben.
        [one] Hier wurde eine Nachricht aufgegeben. Schreiben Sie !resend oder !verwerfen mit ihrer Kennung.
       *[other] Hier wurden { $count } Nachrichten aufgegeben, die letzten zuerst. Schreiben Sie !resend oder !verwerfen mit einer Kennung.
    }
command-deadletter = { $reference } · { $since } · { $reason }
command-discarded = Sie wurde verworfen.
command-discard-unknown = Unter dieser Kennung hat diese Brücke nichts aufgegeben. !aufgegeben zeigt die Liste.
dead-letters-more =
    { $count ->
        [one] Eine weitere Nachricht wurde aufgegeben. !aufgegeben zeigt die Liste.
       *[other] { $count } weitere Nachrichten wurden aufgegeben. !aufgegeben zeigt die Liste.
    }
dead-letters-expire =
    { $count ->
        [one] Eine aufgegebene Nachricht wird { $when } vergessen, wenn niemand über sie entscheidet. !aufgegeben zeigt die Liste.
       *[other] { $count } aufgegebene Nachrichten werden { $when } vergessen, wenn niemand über sie entscheidet. !aufgegeben zeigt die Liste.
    }
dead-letters-expired =
    { $count ->
        [one] Eine aufgegebene Nachricht wurde vergessen, weil niemand über sie entschieden hat.
       *[other] { $count } aufgegebene Nachrichten wurden vergessen, weil niemand über sie entschieden hat.
    }
status-up = { $name }: verbunden, { $waiting } in der Warteschlange
status-down = { $name }: nicht verbunden, { $waiting } in der Warteschlange
status-paused = { $name }: angehalten, { $waiting } in der Warteschlange

## Gespräche

answers-to = Antworten in diesem Thread gehen an { $to }.
answers-to-all = Antworten in diesem Thread gehen an { $to }. Es lesen mit: { $cc }.
command-parties-where = Schreiben Sie das in den Thread des Gesprächs, das Sie meinen.
command-one-party = In diesem Netz hat ein Gespräch nur eine Gegenseite.
talks-elsewhere-too = Diese Person schreibt auch mit einem anderen Raum; ob ihre Nachricht hierher gehört, ist nicht sicher. Mit der Nummer am Ende unserer Nachrichten (etwa #2) kann sie angeben, wem sie antwortet.
refused-not-approved = diesen Absender hat noch niemand angenommen. Schreiben Sie hier zuerst !approve
refused-elsewhere = dieses Gespräch wird in einem anderen Raum oder Thread weitergeführt
refused-edited-command = ein Befehl lässt sich nachträglich nicht ändern. Schreiben Sie ihn neu
refused-time-unclear = „{ $time }“ ist keine Zeitangabe wie 14:30, "2026-12-01 08:00" oder "01.12.2026 08:00"
refused-time-past = die angegebene Zeit ist schon vorbei
refused-time-far = die angegebene Zeit liegt mehr als ein Jahr in der Zukunft
refused-too-many-recipients = ein Befehl geht an höchstens 50 Empfänger
command-no-subjects = Hier gibt es keine Betreffe. So schreiben Sie jemandem: !{ $verb } EMPFÄNGER TEXT
command-send-many = Die Nachricht geht an { $count } Empfänger, an jeden in einem eigenen Gespräch. Was daraus wird, steht dort.
command-send-not = Nicht an { $recipient }: { $reason }.
sent-apart = An { $recipient }: { $text }
command-approve-where = Schreiben Sie !approve in den Thread eines Absenders, der noch nicht angenommen ist.
command-approve-room = Einen Raum „{ $room }“ hat diese Brücke nicht.
moved-to-main = Angenommen. Das Gespräch geht im Raum der Brücke weiter.
moved-to-team = Angenommen. Das Gespräch geht im Raum „{ $room }“ weiter.
moved-to-own = Angenommen. Das Gespräch geht in einem eigenen Raum weiter.
moved-here = Ein Gespräch aus einem anderen Raum geht hier weiter.
room-empty-moved = Alle haben den Raum verlassen, in dem dieses Gespräch bisher stattfand. Es geht hier weiter.

# Was eine andere Seite meldet; report-delivered ist der ganze Text einer Reaktion.
report-delivered = ✓ zugestellt
report-delayed = Die andere Seite meldet, dass sich die Zustellung verzögert. { $detail }
report-failed = Die andere Seite meldet, dass diese Nachricht nicht zugestellt wurde. { $detail }
report-unknown = Die andere Seite meldet, dass nicht bekannt ist, ob diese Nachricht angekommen ist. { $detail }

## Meldungen

matter-over = Behoben:
matter-raised =
    { $severity ->
        [critical] „{ $title }“ ist jetzt kritisch.
        [warning] „{ $title }“ ist jetzt eine Warnung.
       *[info] „{ $title }“ hat sich geändert.
    }
digest = In kurzer Zeit kamen { $count } Meldungen; sie sind hier zusammengefasst. Ihr voller Wortlaut steht in der angehängten Datei.
digest-more = … und { $count } weitere
digest-file = meldungen.txt
level-withheld =
    Eine Nachricht der Stufe { $level ->
        [very-high] „sehr hoch“
        [high] „hoch“
       *[normal] „normal“
    } von „{ $bridge }“ liegt vor; dieser Raum darf sie nicht zeigen.
refused-level = dieser Raum bietet mehr Schutz als die Gegenseite
refused-level-room = sie braucht mehr Schutz, als der Raum bietet
refused-mark = Zeichen bewirken hier nichts, weil sie nie verschlüsselt sind. Schreiben Sie stattdessen den Befehl als Antwort
not-asked = Das Zeichen hat nichts bewirkt: { $reason }.
command-help-deed = !{ $word } – als Antwort auf die Meldung, um die es geht (oder, wo Zeichen gelten: { $marks })
deed-about-what = Schreiben Sie !{ $word } als Antwort auf die Meldung, um die es geht.
deed-done = { $name } hat „{ $deed }“ zu „{ $title }“ verlangt: ausgeführt.
deed-failed = { $name } hat „{ $deed }“ zu „{ $title }“ verlangt. Es wurde nicht ausgeführt: { $reason }. Kennung { $reference }. Schreiben Sie hier !resend, um es noch einmal zu versuchen.
deed-unknown = { $name } hat „{ $deed }“ zu „{ $title }“ verlangt. Es ist nicht bekannt, ob es ausgeführt wurde: { $reason }. Kennung { $reference }. Schreiben Sie hier !resend, um es noch einmal zu verlangen.

## Regeln

status-held = Diese Nachricht wartet und wird { $when } gesendet.
status-held-paused = Diese Nachricht wartet: Über diese Brücke geht nichts hinaus, bis jemand !weiter schreibt.
when-today = um { $time } Uhr
when-tomorrow = morgen um { $time } Uhr
when-later = am { $day }.{ $month }.{ $year } um { $time } Uhr

refused-stopped = die Gegenseite möchte keine Nachrichten mehr bekommen
refused-paused = über diese Brücke geht nichts hinaus, bis jemand !weiter schreibt
refused-never-affordable = sie kostet { $units } Einheiten, und höchstens { $allowed } sind auf einmal erlaubt
refused-budget-recipient = an diese Gegenseite ging schon so viel, wie erlaubt ist; wieder möglich ist es { $when }
refused-budget-user = Sie haben schon so viel gesendet, wie erlaubt ist; wieder möglich ist es { $when }
refused-budget-room = aus diesem Raum ging schon so viel hinaus, wie erlaubt ist; wieder möglich ist es { $when }
refused-budget-bridge = über diese Brücke ging schon so viel, wie erlaubt ist; wieder möglich ist es { $when }

command-blocked = Was dieser Absender schreibt, wird nicht mehr angezeigt. Schreiben Sie !unblock mit der Nummer oder Adresse, um das zu ändern.
command-block-where = Schreiben Sie !block in den Thread des Absenders, den Sie meinen.
command-unblocked = Was dieser Absender schreibt, wird wieder angezeigt. Was inzwischen kam, wurde nicht aufgehoben.
command-not-blocked = Dieser Absender ist nicht gesperrt.
command-paused =
    { $count ->
        [0] Über diese Brücke geht nichts hinaus, bis jemand !weiter schreibt.
        [one] Über diese Brücke geht nichts hinaus, bis jemand !weiter schreibt. Eine Nachricht wartet.
       *[other] Über diese Brücke geht nichts hinaus, bis jemand !weiter schreibt. { $count } Nachrichten warten.
    }
command-paused-already = Diese Brücke ist schon angehalten. Schreiben Sie !weiter, damit wieder Nachrichten hinausgehen.
command-paused-by-configuration = Diese Brücke ist durch ihre Konfiguration angehalten; nur wer sie betreibt, kann das ändern.
command-continued = Über diese Brücke gehen wieder Nachrichten hinaus.
command-not-paused = Diese Brücke ist nicht angehalten.

leaves-encryption = Was hier geschrieben wird, verlässt die Ende-zu-Ende-Verschlüsselung des Raums: Von hier an reist es so, wie das Netz der Gegenseite es befördert. Bitte schreiben Sie nur, was dort gelesen werden darf.
wish-stop = Diese Person möchte keine Nachrichten mehr. Was hier geschrieben wird, erreicht sie nicht, bis sie START schreibt.
wish-start = Diese Person möchte wieder Nachrichten bekommen.
answered-automatically = Automatisch geantwortet: { $text }
answer-failed = Die automatische Antwort wurde nicht zugestellt: { $reason }. Kennung { $reference }.
answer-first-contact = Vielen Dank für Ihre Nachricht. Sie ist angekommen ({ $name }) und wird beantwortet.
answer-out-of-hours = Vielen Dank für Ihre Nachricht. Zurzeit ist niemand da ({ $name }); sie wird zu den Sprechzeiten gelesen.
answer-undeliverable = Ihre Nachricht konnte niemandem angezeigt werden ({ $name }). Bitte erreichen Sie uns auf anderem Weg.
answer-stop = Sie bekommen keine Nachrichten mehr ({ $name }). Mit START bekommen Sie sie wieder.
answer-start = Sie bekommen wieder Nachrichten ({ $name }). Mit STOPP enden sie.
answer-help = Hier schreibt: { $name }. Mit STOPP enden unsere Nachrichten, mit START bekommen Sie sie wieder.

## E-Mail

mail-empty = Eine E-Mail war leer, oder der Mailserver gab sie nicht heraus.
mail-beyond-limits = [Diese E-Mail besteht aus zu vielen Teilen. Gezeigt wird, was bis dahin gelesen wurde.]
mail-too-large-to-fetch = [Diese E-Mail ist mit { $megabytes } MB zu groß für die Brücke. Sie liegt im Postfach.]
mail-original-name = Originalnachricht.eml
mail-files-aside = [Hier nicht gezeigt: { $names }. Dateien dieser Art können Schaden anrichten. Die Mail mit ihnen liegt im Postfach.]
mail-no-subject = (ohne Betreff)
mail-sender-unverified = { $name } (nicht geprüft)
mail-sender-suspect = { $name } (gefälscht?)
mail-sender-unchecked = { $name } (nicht geprüft)
mail-signature-valid = [Unterschrieben von { $signer }. Die Signatur ist gültig; { $issuer } bürgt für den Namen.]
mail-signature-of-another = [Unterschrieben von { $signer }, nicht vom Absender. Die Signatur ist gültig; { $issuer } bürgt für den Namen.]
mail-signature-unvouched = [Unterschrieben; die Signatur nennt { $signer } und als Aussteller { $issuer }. Die Mail ist unverändert, aber niemand, dem hier vertraut wird, bürgt für den Namen.]
mail-signature-broken = [Die Signatur passt nicht: Die Mail wurde nach dem Unterschreiben verändert.]
mail-signature-unreadable = [Unterschrieben, aber auf eine Weise, die hier nicht geprüft werden kann.]
mail-encrypted-smime = [Diese Mail ist verschlüsselt (S/MIME), und die Brücke hat keinen Schlüssel dafür. Sie ist angehängt, wie sie kam.]
mail-encrypted-pgp = [Diese Mail ist verschlüsselt (OpenPGP), und die Brücke hat keinen Schlüssel dafür. Sie ist angehängt, wie sie kam.]
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

## Berichte über E-Mails

# Je Empfänger eine Zeile; $reason schließt mit einem Punkt oder den Worten des Servers.
mail-report-failed = An { $address } nicht zugestellt: { $reason }
mail-report-delayed = An { $address } noch nicht zugestellt: { $reason }
mail-report-delivered = An { $address } zugestellt.
mail-report-relayed = An { $address } weitergegeben an ein System, das keine Zustellung meldet.
mail-report-displayed = { $address } hat die Nachricht geöffnet (Lesebestätigung).
mail-report-deleted = Bei { $address } wurde die Nachricht gelöscht. Ob sie gelesen wurde, ist nicht bekannt.
mail-report-processed = Bei { $address } wurde die Nachricht von einem Programm verarbeitet oder weitergeleitet.
mail-report-complaint = { $address } hat die Nachricht als unerwünscht gemeldet.
mail-report-more =
    { $count ->
        [one] Dazu kommt ein weiterer Empfänger.
       *[other] Dazu kommen { $count } weitere Empfänger.
    }
mail-reason-mailbox = Postfach unbekannt
mail-reason-domain = der Mailserver zu dieser Adresse ist nicht zu finden
mail-reason-syntax = die Adresse ist falsch geschrieben
mail-reason-address = die Adresse wird nicht angenommen
mail-reason-moved = das Postfach ist umgezogen
mail-reason-sender = unser Absender wurde nicht anerkannt
mail-reason-disabled = das Postfach nimmt keine Nachrichten an
mail-reason-full = Postfach voll
mail-reason-size = die Nachricht ist zu groß
mail-reason-overloaded = der Mailserver des Empfängers ist überlastet
mail-reason-unreachable = der Mailserver des Empfängers ist nicht erreichbar
mail-reason-later = der Mailserver des Empfängers nimmt die Nachricht vorerst nicht an
mail-reason-loop = die Nachricht lief im Kreis
mail-reason-expired = es wurde zu lange vergeblich versucht
mail-reason-content = Form oder Inhalt der Nachricht werden nicht angenommen
mail-reason-policy = vom Empfänger abgewiesen, zum Beispiel als unerwünscht
mail-reason-unknown = ohne Angabe eines Grundes
mail-reason-said = Der Server schreibt: „{ $said }“

## SMS

sms-cost = { $count } SMS
sms-correction = Korrektur:
sms-empty = Die Nachricht enthält keinen Text, der sich als SMS senden ließe.
sms-attachment = Dateien und Bilder lassen sich nicht als SMS senden. Die Nachricht wurde nicht gesendet.
sms-too-long = Die Nachricht ergäbe { $parts } SMS. Erlaubt sind höchstens { $limit }.
sms-not-possible = Das lässt sich nicht als SMS senden.
sms-no-recipient = Es ist kein Empfänger genannt.
sms-no-number = „{ $written }“ ist keine Telefonnummer.
sms-number-unassigned = Die Nummer { $written } gibt es nicht. Bitte prüfen Sie sie.
sms-number-receives-none = Die Nummer { $written } kann keine SMS empfangen: Sie gehört zu einem Festnetz- oder Serviceanschluss.
sms-number-not-allowed = SMS an { $number } sind nicht erlaubt. Diese Brücke schreibt nur an Nummern, die ihre Konfiguration zulässt.
sms-name-not-answerable = An „{ $name }“ kann man nicht schreiben: Das ist ein Name und keine Nummer.
sms-not-fetched = In SMS gibt es keine Anhänge.
sms-unreadable = Der Eintrag im Journal ist keine SMS.
sms-no-sender = Eine SMS kam ohne lesbaren Absender an.
sms-without-text = [Diese SMS enthält keinen Text.]
sms-incomplete =
    { $count ->
        [one] [Diese SMS ist unvollständig: Von { $of } Teilen ist Teil { $missing } nicht angekommen.]
       *[other] [Diese SMS ist unvollständig: Von { $of } Teilen sind die Teile { $missing } nicht angekommen.]
    }
sms-mms =
    { $count ->
        [0] [Dies ist eine MMS. Ihr Inhalt kann hier nicht angezeigt werden.]
        [one] [Dies ist eine MMS mit einem Bild oder einer Datei, die hier nicht angezeigt werden kann.]
       *[other] [Dies ist eine MMS mit { $count } Bildern oder Dateien, die hier nicht angezeigt werden können.]
    }
sms-binary =
    { $count ->
        [one] [Dies ist keine Text-SMS, sondern ein Byte Daten, das hier nicht angezeigt werden kann.]
       *[other] [Dies ist keine Text-SMS, sondern { $count } Byte Daten, die hier nicht angezeigt werden können.]
    }
sms-report-expired = Sie konnte nicht rechtzeitig zugestellt werden.
sms-report-undeliverable = Sie ist nicht zustellbar.
sms-report-rejected = Das Netz hat sie abgelehnt.
sms-report-deleted = Das Netz hat sie gelöscht, bevor sie zugestellt war.
sms-report-unknown = Das Netz weiß nicht, was aus ihr wurde.
sms-error-unknown-subscriber = Das Netz kennt diese Nummer nicht.
sms-error-absent = Das Telefon ist ausgeschaltet oder hat kein Netz.
sms-error-not-admitted = Das Telefon ist in diesem Netz nicht zugelassen.
sms-error-no-service = Dieser Anschluss kann keine SMS empfangen.
sms-error-barred = Der Anschluss ist für SMS gesperrt.
sms-error-busy = Das Telefon war mit anderen SMS beschäftigt.
sms-error-network = Das Netz meldet eine Störung.
sms-error-memory-full = Der Speicher des Telefons ist voll.
sms-error-code = Das Netz nennt den Code { $code }.

## SMS über SMPP

smpp-away = Das SMS-Gateway ist nicht erreichbar.
smpp-too-much = Das SMS-Gateway nimmt gerade nicht mehr an (Code { $code }).
smpp-trouble = Das SMS-Gateway hat eine Störung (Code { $code }).
smpp-refused = Das SMS-Gateway hat die SMS abgelehnt (Code { $code }).
smpp-number-refused = Das SMS-Gateway kann diese Nummer nicht erreichen (Code { $code }).
smpp-sender-refused = Das SMS-Gateway lässt den Absender nicht zu (Code { $code }).
smpp-text-refused = Der Text ist für das SMS-Gateway zu lang (Code { $code }).
smpp-validity-refused = Das SMS-Gateway lässt die Gültigkeitsdauer nicht zu (Code { $code }).
smpp-unanswered = Das SMS-Gateway hat nicht geantwortet; vielleicht hat es die SMS trotzdem.
smpp-interrupted = Der Versand wurde unterbrochen; vielleicht hat das SMS-Gateway die SMS schon.

## SMS über HTTP

sms-gateway-away = Das SMS-Gateway ist zurzeit nicht erreichbar.
sms-gateway-login-refused = Das SMS-Gateway weist die Anmeldung der Brücke ab. Bitte lassen Sie die Zugangsdaten von der Betriebsstelle prüfen.
sms-gateway-put-off = Das SMS-Gateway kann die Nachricht zurzeit nicht annehmen ({ $code }).
sms-gateway-refused = Das SMS-Gateway hat die Nachricht abgewiesen ({ $code }).
sms-gateway-unknown = Das SMS-Gateway hat nicht gemeldet, ob es die Nachricht angenommen hat.

## Intranet

intranet-html-left-out = (Der formatierte Text war zu umfangreich, um angezeigt zu werden; dies ist sein reiner Text.)
intranet-unreadable = Was das System geschickt hat, lässt sich nicht lesen.
intranet-system-gone = Das System, von dem die Nachricht kam, steht nicht mehr in der Konfiguration.
intranet-no-recipient = Die Nachricht nennt kein System als Empfänger.
intranet-no-system = Ein System „{ $system }“ gibt es hier nicht.
intranet-takes-nothing = Das System „{ $system }“ nimmt keine Nachrichten an.
intranet-takes-no-such-thing = Systeme nehmen nur Nachrichten an.
intranet-no-deed = Darum kann man dieses System nicht bitten.
intranet-not-fetched = Systeme schicken keine Anhänge.
intranet-brings-nothing = Das System sagt selbst nichts, und doch kam etwas in seinem Namen.
intranet-away = Das System „{ $system }“ ist gerade nicht erreichbar.
intranet-not-listed = Der Name des Systems „{ $system }“ führt in ein Netz, das die Brücke nicht ansprechen darf. Die Betriebsstelle muss den Namen prüfen oder das Netz eintragen.
intranet-silent = Das System „{ $system }“ hat nicht geantwortet.
intranet-unknown = Das System „{ $system }“ hat nicht geantwortet; vielleicht hat es die Nachricht trotzdem.
intranet-interrupted = Das Senden wurde unterbrochen; vielleicht hat das System „{ $system }“ die Nachricht schon.
intranet-login-refused = Das System „{ $system }“ lehnt die Anmeldung der Brücke ab. Die Betriebsstelle muss die Zugangsdaten prüfen.
intranet-elsewhere = Das System „{ $system }“ hat nach eigener Auskunft jetzt eine andere Adresse ({ $code }). Die Betriebsstelle muss sie eintragen.
intranet-put-off = Das System „{ $system }“ kann die Nachricht gerade nicht annehmen ({ $code }).
intranet-refused = Das System „{ $system }“ hat die Nachricht abgelehnt ({ $code }).
intranet-off = Das System „{ $system }“ möchte keine Nachrichten mehr. Es bekommt keine, bis die Betriebsstelle es geprüft und die Brücke neu gestartet hat.
intranet-attachment = Das System nimmt keine Anhänge an. Bitte senden Sie nur den Text.
intranet-empty = Die Nachricht hat keinen Text.
intranet-too-long = Die Nachricht ist zu lang: Das System nimmt höchstens { $limit } Zeichen an.
intranet-too-large = Die Nachricht ist zu lang: Das System nimmt höchstens { $limit } an.
intranet-party-missing = Das System muss wissen, für wen die Nachricht ist: Schreiben Sie den Namen hinter den des Systems, mit einem Schrägstrich dazwischen.
intranet-party-not-listed = Das System nimmt keine Nachrichten für „{ $party }“ an.
intranet-unfit-id = Die Kennung der Nachricht lässt sich nicht an das System senden.
intranet-correction = Korrektur:
intranet-cut = (gekürzt)
intranet-silence-comment = !{ $word } aus dem Raum
intranet-silence-over = Die Zeit, für die die Meldung stumm sein sollte, ist schon vorbei.
intranet-silence-span = „{ $written }“ ist keine Zeitspanne. Bitte schreiben Sie zum Beispiel 30m, 2h oder 1d.
intranet-silence-unclear = Die Meldung sagt nicht, an welchen Merkmalen man sie erkennt; deshalb lässt sie sich von hier aus nicht stummschalten.
intranet-template-fails = Die Vorlage passt nicht zu dem, was das System geschickt hat ({ $error }).
intranet-template-fails-owned = Die Vorlage passt nicht zu dem, was das System geschickt hat ({ $error }). Zuständig ist { $owner }.
intranet-hook-expires = Das System „{ $system }“ darf nur noch bis zum { $date } hierher melden. Danach kommt nichts mehr von ihm an, wenn die Betriebsstelle die Frist nicht verlängert.
intranet-hook-expires-owned = Das System „{ $system }“ darf nur noch bis zum { $date } hierher melden. Danach kommt nichts mehr von ihm an, wenn die Betriebsstelle die Frist nicht verlängert. Zuständig ist { $owner }.
intranet-alert-firing = Alarm, besteht:
intranet-alert-resolved = Alarm, behoben:
intranet-alert-severity = Schweregrad: { $severity }
intranet-alerts-firing =
    { $count ->
        [one] Ein Alarm besteht
       *[other] { $count } Alarme bestehen
    }
intranet-alerts-resolved =
    { $count ->
        [one] Ein Alarm ist behoben
       *[other] { $count } Alarme sind behoben
    }
intranet-alerts-left-out =
    { $count ->
        [one] … und ein weiterer Eintrag
       *[other] … und { $count } weitere Einträge
    }
intranet-alert-source = Quelle
intranet-fit-connect-submissions =
    { $count ->
        [one] FIT-Connect: Eine neue Einreichung liegt bereit.
       *[other] FIT-Connect: { $count } neue Einreichungen liegen bereit.
    }
intranet-fit-connect-replies =
    { $count ->
        [one] FIT-Connect: Eine neue Antwort liegt bereit.
       *[other] FIT-Connect: { $count } neue Antworten liegen bereit.
    }
intranet-fit-connect-events = FIT-Connect meldet eine Änderung.
intranet-fit-connect-destination = Zustellpunkt
intranet-fit-connect-case = Vorgang
intranet-talk-joined = Die Brücke ist jetzt in der Unterhaltung „{ $room }“ in Nextcloud Talk.
intranet-talk-left = Die Brücke ist nicht mehr in der Unterhaltung „{ $room }“ in Nextcloud Talk.
intranet-talk-system = In der Unterhaltung „{ $room }“ in Nextcloud Talk hat sich etwas geändert.

## MQTT

mqtt-session-lost = Der Broker von „{ $system }“ kennt uns nicht mehr. Was dort veröffentlicht wurde, während die Verbindung fehlte, kann hier fehlen.
mqtt-perhaps-repeated = (Der Broker hat dies noch einmal gesendet; es steht vielleicht schon oben.)
mqtt-left-out = (eine Nachricht von { $size } Bytes; zu groß, um angenommen zu werden)
mqtt-binary = (Binärdaten, { $size } Bytes)
mqtt-empty = (kein Inhalt)
mqtt-topic-missing = Nennen Sie hinter dem System das Topic: SYSTEM/TOPIC.
mqtt-topic-not-allowed = Unter „{ $topic }“ darf nichts veröffentlicht werden; die Option „publish“ sagt, was erlaubt ist.
mqtt-no-attachments = MQTT nimmt nur Text, keine Anhänge.
mqtt-no-receipts = Der Broker quittiert nichts (er bietet kein QoS 1), deshalb wird dort nichts veröffentlicht.
mqtt-too-large = Die Nachricht ist größer, als der Broker annimmt.
mqtt-away = Der Broker ist nicht erreichbar oder nicht bereit.
mqtt-not-let-in = Der Broker lässt uns nicht ein; Benutzer, Passwort und Client-Id sind zu prüfen.
mqtt-not-authorised = Der Broker erlaubt nicht, unter diesem Topic zu veröffentlichen.
mqtt-not-taken = Der Broker nimmt dieses Topic oder diesen Inhalt nicht an.
mqtt-no-answer = Der Broker hat nicht gesagt, ob er die Nachricht angenommen hat.

## Feeds

feed-away = Der Feed „{ $system }“ ist seit mehr als einem Tag nicht erreichbar. Was er inzwischen aufnimmt und wieder entfernt, wird hier fehlen.
feed-refused = Der Feed „{ $system }“ antwortet seit mehr als einem Tag mit { $status }. Was er inzwischen aufnimmt und wieder entfernt, wird hier fehlen.
feed-moved = Der Feed „{ $system }“ ist nach { $place } umgezogen. Dem wird nicht von selbst gefolgt; wenn das stimmt, sollte die Betreuung die Option „url“ ändern.
feed-too-large = Der Feed „{ $system }“ ist seit mehr als einem Tag größer, als die Option „max_size“ erlaubt.
feed-unreadable = Der Feed „{ $system }“ ist seit mehr als einem Tag nicht lesbar.

## Matrix

matrix-unreachable = Der Matrix-Server ist nicht erreichbar.
matrix-busy = Der Matrix-Server ist überlastet und bittet um Geduld.
matrix-token-refused = Der Matrix-Server erkennt die Anmeldung der Brücke nicht mehr an.
matrix-forbidden = Die Brücke darf in diesem Raum nicht schreiben.
matrix-too-large = Die Nachricht ist für den Matrix-Server zu groß.
matrix-refused = Der Matrix-Server hat die Nachricht abgelehnt ({ $code }).
matrix-room-empty = In diesem Raum ist niemand mehr.
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
matrix-key-missing = Eine Nachricht von { $user } lässt sich noch nicht entschlüsseln, weil ihr Schlüssel fehlt. Trifft er noch ein, wird sie weitergegeben. In eiligen Fällen senden Sie sie bitte noch einmal.
matrix-undecryptable = Eine Nachricht von { $user } lässt sich nicht entschlüsseln und wurde nicht weitergegeben. Bitte senden Sie sie noch einmal.
matrix-sender-not-trusted = Eine Nachricht von { $user } wurde nicht weitergegeben, weil das Gerät nicht bestätigt ist. Bitte bestätigen Sie Ihr Gerät in den Sicherheitseinstellungen und senden Sie die Nachricht noch einmal.
matrix-device-not-verified = Ein Gerät von { $user } ist nicht bestätigt und kann die Nachrichten der Brücke nicht lesen. Bitte bestätigen Sie das Gerät in den Sicherheitseinstellungen.
matrix-plaintext-ignored = Eine unverschlüsselte Nachricht von { $user } in diesem verschlüsselten Raum wurde nicht weitergegeben.
matrix-unreadable = Ein Ereignis in diesem Raum war nicht lesbar und wurde zur Seite gelegt.

## Betrieb

# Wie es einem Teil geht.
health-up = verbunden
health-down = nicht verbunden ({ $why })

# Wie eine Strecke einer Nachricht geschützt war.
protection-megolm = Ende-zu-Ende-verschlüsselt (Megolm)
protection-megolm-by = Ende-zu-Ende-verschlüsselt (Megolm), Gerät { $trust }
protection-tls = { $version }, Zertifikat hier nicht bekannt
protection-tls-verified = { $version }, Zertifikat geprüft
protection-tls-unverified = { $version }, Zertifikat nicht geprüft
protection-plain = NICHT verschlüsselt
protection-unknown = Schutz nicht bekannt

# Die Schritte auf dem Weg einer Nachricht.
trace-accepted = angenommen
trace-border = vom Server der eigenen Organisation angenommen
trace-put-aside = nicht lesbar; zur Seite gelegt
trace-passed = darf durch
trace-withheld = darf durch, gezeigt wird aber nur, dass sie kam: Der Raum bietet zu wenig Schutz
trace-not-passed = darf nicht durch; wer sie schrieb, weiß warum
trace-ignored = übergangen
trace-routed =
    { $count ->
        [0] wurde zu keiner Zustellung
        [one] wurde zu einer Zustellung
       *[other] wurde zu { $count } Zustellungen
    }
trace-held = wartet auf ihre Zeit
trace-held-paused = wartet: Die Brücke hält an
trace-delivered = zugestellt
trace-retry = noch nicht zugestellt; wird von selbst erneut versucht
trace-refused = abgelehnt; aufgegeben
trace-unknown = niemand weiß, ob sie ankam; aufgegeben
trace-gave-up = zu lange versucht; aufgegeben
trace-gathered = mit anderen zusammengefasst in { $reference }
trace-reported-sent = die Gegenseite meldet: unterwegs
trace-reported-delivered = die Gegenseite meldet: angekommen
trace-reported-delayed = die Gegenseite meldet: verzögert
trace-reported-failed = die Gegenseite meldet: nicht angekommen
trace-reported-unknown = die Gegenseite meldet: unbekannt, ob sie ankam
trace-requeued = zurückgestellt und erneut versucht, durch { $by }
trace-discarded = verworfen, durch { $by }
trace-opened = gelesen wurde, was jemand schrieb, durch { $by }
trace-expired = vergessen: Niemand hat rechtzeitig entschieden
trace-overtaken = ein späteres Wort zur selben Sache trat an ihre Stelle
trace-settled = sie kam doch an; es gibt nichts mehr zu entscheiden
trace-tested = eine Probe, von { $by }

# Warum eine Nachricht übergangen wird.
ignored-blocked = wer sie schickt, ist gesperrt
ignored-no-bridge = keine Brücke heißt mehr so
ignored-own-message-came-back = sie ist unsere eigene und kam zurück
ignored-invite-not-allowed = wer einlädt, steht nicht auf der Liste derer, die das dürfen
ignored-room-without-bridge = der Raum gehört zu keiner Brücke
ignored-written-by-a-machine = eine Maschine hat sie geschrieben
ignored-a-mark = sie ist ein Zeichen, das um nichts bittet
ignored-outside-any-conversation = sie gehört zu keinem Gespräch: Leute reden untereinander

## Was geschehen würde

explain-room-main = Das ist der Raum der Brücke { $bridge } ({ $kind }).
explain-room-intake = Das ist der Eingangsraum der Brücke { $bridge } ({ $kind }), in dem Unbekannte auf ihre Annahme warten.
explain-room-own = Das ist der Raum eines einzelnen Gesprächs der Brücke { $bridge } ({ $kind }).
explain-room-team = Das ist der Raum „{ $team }“ der Brücke { $bridge } ({ $kind }).
explain-sent = Eine Nachricht in einem ihrer Gespräche ginge sofort hinaus.
explain-held = Eine Nachricht in einem ihrer Gespräche würde warten und { $when } hinausgehen.
explain-paused = Eine Nachricht in einem ihrer Gespräche würde warten: Die Brücke hält an.
explain-refused = Eine Nachricht in einem ihrer Gespräche ginge NICHT hinaus: { $reason }. Wer sie schreibt, würde es erfahren.
explain-ignored = Eine Nachricht dort würde übergangen: { $reason }.
explain-senders = Wer senden darf: { $who }, mit einem Berechtigungslevel von mindestens { $power } im Raum. Festgelegt als { $where }.
explain-encryption = Nur was Ende-zu-Ende-verschlüsselt ist, geht hinaus. Damit endet seine Verschlüsselung; einmal in jedem Gespräch erfährt der Raum davon.
explain-level = Schutzbedarf: dieser Raum { $room }, die Gegenseite { $far }. Nichts geht dorthin, wo weniger Schutz ist.
explain-hours = Ruhezeiten: { $hours }. Was dann gesendet wird, wartet auf ihr Ende.
explain-hours-none = Es gibt keine Ruhezeiten.
explain-hours-paused = Die Brücke hält an: Nichts geht hinaus, bis jemand !weiter schreibt oder die Konfiguration es erlaubt.
explain-budget-recipient = Budget je Empfänger: { $spent } von { $allowed } verbraucht, neu { $when }.
explain-budget-user = Budget je Nutzer: { $spent } von { $allowed } verbraucht, neu { $when }.
explain-budget-room = Budget je Raum: { $spent } von { $allowed } verbraucht, neu { $when }.
explain-budget-bridge = Budget der Brücke: { $spent } von { $allowed } verbraucht, neu { $when }.
explain-budget-none = Kein Budget begrenzt sie.
explain-form = Sie ginge als Ganzes hinaus, so wie sie geschrieben wurde. Befehle (mit ! am Anfang), Zeichen und was außerhalb der Gespräche gesagt wird, gehen nicht hinaus.
explain-inward-thread = Was die Gegenseite schreibt, wird in einem Thread im Raum der Brücke gezeigt.
explain-inward-own = Was die Gegenseite schreibt, wird für jedes Gespräch in einem eigenen Raum gezeigt.
explain-inward-intake = Was jemand Neues schreibt, wird im Eingangsraum gezeigt, bis jemand !annehmen schreibt.
level-none = ohne Grenze
level-normal = normal
level-high = hoch
level-very-high = sehr hoch

## Erste Schritte

init-language = Sprache / language: de, en
init-kind = Art der ersten Brücke
init-homeserver = Adresse des Matrix-Homeservers, etwa https://matrix.amt.example
init-user = Matrix-Konto der Brücke, etwa @post:amt.example
init-matrix-password = Passwort dieses Kontos
init-senders = Wer nach außen schreiben darf: @name:server, oder *:server für alle dort
init-name = Name der Brücke: Kleinbuchstaben, Ziffern, Bindestriche
init-address = Adresse des Postfachs
init-imap = IMAP-Server (TLS, Port 993)
init-smtp = SMTP-Server (TLS, Port 465)
init-login = Anmeldename an beiden
init-mail-password = Passwort an beiden
init-number = Eigene Nummer, etwa +4915112345678
init-prefix = Wem geschrieben werden darf: wie Nummern beginnen
init-smpp = SMPP-Server (TLS, Port 3550)
init-system-id = Anmeldename am Gateway
init-smpp-password = Passwort am Gateway

## Kommandozeile

cli-attempt = Versuch { $number } von Teil { $part }
cli-check-good = { $file }: Die Konfiguration ist in Ordnung. Brücken: { $bridges }
cli-column-after = Danach
cli-column-arrived = Angekommen
cli-column-attached = Anhänge
cli-column-attempts = Versuche
cli-column-bridge = Brücke
cli-column-dead-letters = Aufgegeben
cli-column-detail = Einzelheit
cli-column-direction = Richtung
cli-column-finding = Befund
cli-column-from = Von
cli-column-held = Angehalten
cli-column-kind = Art
cli-column-oldest = Älteste
cli-column-reason = Grund
cli-column-reference = Referenz
cli-column-since = Seit
cli-column-stage = Stufe
cli-column-state = Zustand
cli-column-step = Versuch
cli-column-subject = Betreff
cli-column-time = Zeit
cli-column-to = An
cli-column-until = Aufbewahrt bis
cli-column-waiting = Wartend
cli-column-what = Ergebnis
cli-column-worker = Teil
cli-direction-in = in den Raum
cli-direction-out = aus dem Raum
cli-discard-all =
    { $count ->
        [one] Eine Nachricht würde endgültig verworfen.
       *[other] { $count } Nachrichten würden endgültig verworfen.
    }
cli-discarded = { $reference } wurde verworfen.
cli-discarded-all =
    { $count ->
        [one] Eine Nachricht wurde verworfen.
       *[other] { $count } Nachrichten wurden verworfen.
    }
cli-doctor-alone = Es läuft kein viadukt mit dieser Konfiguration; dieser Befehl hat selbst geprüft.
cli-doctor-running = Das laufende viadukt hat geprüft.
cli-doubtful = vielleicht: Die Gegenseite hat es nicht gesagt
cli-failed = Das ist nicht gelungen: { $why }
cli-init-done =
    In { $folder } liegen viadukt.toml, die Geheimnisse und viadukt.service. Wie es weitergeht:
    1. viadukt check --config { $folder }/viadukt.toml
    2. viadukt doctor --config { $folder }/viadukt.toml
    3. Geben Sie die Dateien dem Benutzer, unter dem viadukt läuft; kopieren Sie viadukt.service nach /etc/systemd/system, dann: systemctl enable --now viadukt
cli-no-dead-letters = Nichts wurde aufgegeben; nichts wartet auf eine Entscheidung.
cli-not-doubtful = nein
cli-not-running = Es läuft kein viadukt mit dieser Konfiguration ({ $why }). Starten Sie es mit „viadukt run“, oder nennen Sie mit --config die Konfiguration des laufenden.
cli-nothing-done = Es wurde nichts getan.
cli-requeue-all =
    { $count ->
        [one] Eine Nachricht würde erneut versucht.
       *[other] { $count } Nachrichten würden erneut versucht.
    }
cli-requeued = { $reference } wird noch einmal versucht.
cli-requeued-all =
    { $count ->
        [one] Eine Nachricht wird erneut versucht.
       *[other] { $count } Nachrichten werden erneut versucht.
    }
cli-say-yes = Geben Sie --yes an, wenn das so gemeint ist.
cli-several = { $number } Nachrichten heißen so. Fragen Sie noch einmal mit der Kennung derjenigen, die Sie meinen.
cli-state-bad = FEHLER
cli-state-good = OK
cli-state-paused = hält an; { $state }
cli-status = viadukt { $version }, läuft seit { $since }. Speicher { $store }, Ablage { $spool }.
cli-token-refused = Der Prozess auf { $address } nimmt das Token aus { $token } nicht an. Gehört er zu einer anderen Konfiguration?
cli-type-yes = Tippen Sie „ja“, wenn das so gemeint ist:
cli-unknown-place = Weder ein Raum noch eine Brücke heißt { $place }. Nennen Sie einen Raum mit seiner Kennung (!…) oder eine Brücke so wie die Konfiguration.
cli-unknown-reference = Unter dieser Referenz ist nichts bekannt. Prüfen Sie die Referenz; Spuren und Aufgegebenes werden nach der Aufbewahrungszeit gelöscht.

## Console

test-message = Dies ist eine Probe aus der Konsole. Sie zeigt, dass Nachrichten diesen Raum erreichen; nach außen ging nichts.
console-overview = Übersicht
console-conversations = Gespräche
console-trace = Weg einer Nachricht
console-dead-letters = Aufgegebenes
console-contacts = Kontakte
console-test = Probe
console-record = Protokoll
console-navigation = Bereiche der Konsole
console-language = Sprache
console-skip = Zum Inhalt
console-no-content = Diese Konsole zeigt weder Inhalte noch Adressen.
console-as-of = Stand
console-reload = Neu laden
console-live-stop = Aktualisierung anhalten
console-live-go = Laufend aktualisieren
console-login = Anmelden
console-login-lead = Für alle, die viadukt betreuen.
console-login-your-name = Ihr Name
console-login-name-why = Er steht im Protokoll bei allem, was Sie hier tun. Er wird nicht geprüft.
console-login-token = Token
console-login-enter = Anmelden
console-login-where = Wo finde ich das Token?
console-login-where-text = In der Datei { $file } auf dem Rechner, auf dem viadukt läuft. Lesen kann sie nur, wer viadukt betreiben darf.
console-login-wrong = Dieses Token stimmt nicht. Ohne eigene Token-Datei gilt nach jedem Start von viadukt ein neues.
console-login-expired = Das Formular war zu alt. Bitte melden Sie sich noch einmal an.
console-login-too-often = Das waren zu viele Versuche. Bitte warten Sie einen Augenblick.
console-login-name = Bitte geben Sie Ihren Namen an.
console-login-provider = Über den Anmeldedienst anmelden
console-login-by-token = Oder mit dem Token
console-login-done = Sie sind angemeldet
console-login-on = Weiter zur Übersicht
console-login-again = Noch einmal anmelden
console-login-not-invited = Der Anmeldedienst kennt Sie, aber Sie gehören zu keiner Gruppe, die viadukt betreuen darf.
console-login-provider-failed = Der Anmeldedienst antwortet nicht wie erwartet. Was er sagte, steht im Protokoll von viadukt.
console-logout = Abmelden
console-unknown = Das gibt es hier nicht
console-unknown-text = Die Adresse stimmt nicht, oder was hier war, ist inzwischen erledigt. Die Bereiche oben führen weiter.
console-failed = Das hat nicht geklappt
console-failed-text = viadukt konnte die Anfrage nicht ausführen. Es hat sich nichts geändert, wovon hier nichts steht.
console-state-well = Alles läuft.
console-state-starting = viadukt startet noch: Nicht jede Brücke hat schon ihren Raum.
console-state-down =
    { $count ->
        [one] Eine Verbindung ist unterbrochen.
       *[other] { $count } Verbindungen sind unterbrochen.
    }
console-workers = Verbindungen
console-workers-text = Der Homeserver und jede Brücke, mit dem, was auf sie wartet.
console-name = Name
console-state = Zustand
console-up = verbunden
console-up-since = seit
console-down = nicht verbunden
console-paused = angehalten
console-waiting = Wartend
console-oldest = Älteste wartet
console-held = Zurückgehalten
console-held-note = bis zu ihrer Zeit, oder bis die Brücke weitermacht
console-given-up = Aufgegeben
console-given-up-note = wartet auf eine Entscheidung
console-none = –
console-conversations-lead = Wo Gespräche stattfinden und wann zuletzt etwas kam. Beteiligte sind Kurzzeichen, die nur mit dem Schlüssel dieses viadukt zu einer Person führen.
console-conversations-empty = Es gibt noch kein Gespräch.
console-conversations-caption =
    { $count ->
        [one] Ein Gespräch
       *[other] { $count } Gespräche
    }
console-conversations-shown = (die letzten { $count })
console-last = Zuletzt
console-home = Ort
console-parties = Beteiligte
console-messages = Nachrichten
console-began = Begonnen
console-home-main = Thread im Raum der Brücke
console-home-team = Thread im Raum „{ $name }“
console-home-intake = Thread im Eingangsraum
console-home-own = Eigener Raum
console-trace-lead = Was wurde aus einer Nachricht? Suchen Sie nach der Kennung, die in Hinweisen im Raum und bei Aufgegebenem steht, oder danach, wie ein Netz die Nachricht nennt: die Message-ID einer Mail, die Kennung eines Matrix-Ereignisses, die Nummer bei einem SMS-Gateway.
console-trace-one = Der Weg einer Nachricht
console-trace-go = Weg zeigen
console-trace-unknown = Unter diesem Namen ist keine Nachricht bekannt. Wege werden nach der Aufbewahrungszeit gelöscht.
console-trace-several =
    { $count ->
        [one] Eine Nachricht heißt so:
       *[other] { $count } Nachrichten heißen so:
    }
console-reference = Kennung
console-picture = Der Weg auf einen Blick
console-steps = Schritt für Schritt
console-room = Matrix-Raum
console-not-passed = nicht angekommen
console-lock-end = Ende-zu-Ende verschlüsselt
console-lock-hop = auf dieser Strecke verschlüsselt
console-lock-none = nicht verschlüsselt
console-lock-unknown = Schutz unbekannt
console-stage-border = Eingang der Organisation
console-stage-accept = Annahme
console-stage-normalise = Lesen
console-stage-judge = Beurteilung
console-stage-route = Zuordnung
console-stage-deliver = Zustellung
console-stage-report = Meldung
console-stage-decide = Entscheidung
console-step-attempt = An { $name }, Versuch { $attempt }: { $outcome }.
console-outcome-delivered = angekommen
console-outcome-retry = noch nicht, es folgt ein weiterer Versuch
console-outcome-refused = abgelehnt
console-outcome-unknown = unklar, ob es ankam
console-outcome-gave-up = aufgegeben
console-dead-lead = Was viadukt aufgegeben hat, bleibt hier, bis ein Mensch entscheidet oder die Aufbewahrungszeit endet.
console-dead-empty = Nichts wurde aufgegeben; nichts wartet auf eine Entscheidung.
console-dead-caption =
    { $count ->
        [one] Eine Zustellung wartet auf eine Entscheidung
       *[other] { $count } Zustellungen warten auf eine Entscheidung
    }
console-bridge = Brücke
console-direction = Richtung
console-inward = in den Raum
console-outward = aus dem Raum
console-since = Seit
console-why = Grund
console-decide = Entscheiden
console-requeue = Noch einmal versuchen
console-discard = Verwerfen
console-requeue-sure = Noch einmal versuchen?
console-requeue-text = Die Zustellung kommt zurück in die Warteschlange. Wenn unklar war, ob sie schon ankam, kann sie doppelt ankommen.
console-discard-sure = Wirklich verwerfen?
console-discard-text = Die Nachricht wird gelöscht und kann nicht wiederhergestellt werden.
console-cancel = Abbrechen
console-contacts-lead = Menschen auf der anderen Seite, für die etwas dauerhaft gilt. Sie stehen hier mit demselben Kurzzeichen wie in Protokollzeilen; Adressen und Nummern zeigt die Konsole nicht.
console-stopped = Möchten keine Nachrichten
console-stopped-text = Sie haben STOPP geschrieben. Nur sie selbst können das ändern, indem sie START schreiben.
console-stopped-empty = Niemand hat Nachrichten abbestellt.
console-stopped-caption =
    { $count ->
        [one] Ein Kontakt möchte keine Nachrichten
       *[other] { $count } Kontakte möchten keine Nachrichten
    }
console-blocked = Gesperrt
console-blocked-text = Jemand hat im Raum !block geschrieben. Was diese Absender schreiben, wird nicht gezeigt.
console-blocked-empty = Niemand ist gesperrt.
console-blocked-caption =
    { $count ->
        [one] Ein gesperrter Absender
       *[other] { $count } gesperrte Absender
    }
console-contact = Kurzzeichen
console-not-known = nicht bekannt
console-unblock = Sperre aufheben
console-unblock-sure = Sperre aufheben?
console-unblock-text = Was dieser Absender von jetzt an schreibt, wird wieder gezeigt.
console-probe = Verbindungen prüfen
console-probe-text = viadukt meldet sich bei jeder Gegenseite an, wie es das auch für Nachrichten tut. Es wird nichts verschickt.
console-probe-go = Jetzt prüfen
console-probe-found = Was die Prüfung ergab
console-worker = Verbindung
console-tried = Geprüft
console-found = Ergebnis
console-works = geht
console-fails = geht nicht
console-send = Probenachricht
console-send-text = Ein Satz geht auf dem Weg jeder Nachricht in den Raum einer Brücke: durch Speicher, Warteschlange und Verschlüsselung. Nach außen geht nichts; niemand draußen wird gestört, nichts kostet etwas.
console-send-go = In den Raum von „{ $bridge }“
console-record-lead = Wer hier was getan hat. Die Einträge bleiben ein Jahr.
console-record-empty = Hier hat noch niemand etwas getan.
console-record-caption =
    { $count ->
        [one] Ein Eintrag, der neueste zuerst
       *[other] { $count } Einträge, die neuesten zuerst
    }
console-when = Wann
console-who = Wer
console-what = Was
console-about = Woran
console-proof-token = mit Token
console-proof-provider = über den Anmeldedienst
console-did-login = hat sich angemeldet
console-did-requeue = hat es noch einmal versuchen lassen
console-did-discard = hat es verworfen
console-did-unblock = hat eine Sperre aufgehoben
console-did-probe = hat die Verbindungen geprüft
console-did-test = hat eine Probenachricht geschickt
console-did-else = hat etwas getan
console-seconds =
    { $count ->
        [one] 1 Sekunde
       *[other] { $count } Sekunden
    }
console-minutes =
    { $count ->
        [one] 1 Minute
       *[other] { $count } Minuten
    }
console-hours =
    { $count ->
        [one] 1 Stunde
       *[other] { $count } Stunden
    }
console-days =
    { $count ->
        [one] 1 Tag
       *[other] { $count } Tage
    }
## Backup

backup-bad = { $count } Fehler wurden gefunden. Was sie betreffen, wird fehlen; „viadukt repair“ legt es beiseite.
backup-checked = { $records } Datensätze und { $files } Spool-Dateien gelesen.
backup-column-count = Anzahl
backup-column-kind = Art
backup-column-name = Welche
backup-doubted = { $count } wartende Zustellungen können schon erfolgt sein. Der nächste Start behandelt sie wie abgebrochene Sendungen: eine E-Mail wird noch einmal gesendet und der Raum erfährt es, eine SMS wartet auf eine Entscheidung. (Lief seit dem Export nichts mehr, importieren Sie mit --moved.)
backup-exists = { $file } gibt es schon. Wählen Sie einen anderen Namen.
backup-exported = Der Export liegt in { $file } ({ $bytes } Bytes). Prüfen Sie ihn mit „viadukt verify“.
backup-good = Alles ist, wie es sein soll.
backup-holds = Ein Export vom { $time }, erstellt von viadukt { $version }: { $records } Datensätze, { $files } Spool-Dateien.
backup-identity-needed = Der Export ist verschlüsselt. Nennen Sie mit --identity die age-Identitätsdatei eines Empfängers.
backup-imported = Daraus wurde { $folder } erstellt. Beim nächsten Start meldet sich die Brücke als neues Gerät an; der Wiederherstellungsschlüssel (recovery_key_file) muss an seinem Ort liegen.
backup-plain = Warnung: Dieser Export ist nicht verschlüsselt. Wer ihn hat, liest jede Nachricht, jede Adresse und jeden Anhang darin. Verschlüsseln Sie mit --recipient, sobald er diesen Rechner verlässt.
backup-unreadable = { $count } Spool-Dateien waren beim Export schon beschädigt und fehlen.
backup-commits-lost = Die letzten { $count } Commits fehlen.
backup-commits-unknown = Ob die letzten Commits fehlen, ist nicht zu sagen: Auch ihre Zählung ist beschädigt.
backup-compacted = Der Speicher hat jetzt { $after } Bytes, vorher hatte er { $before }.
backup-repaired = { $records } Datensätze wurden gerettet, viadukt kann wieder starten. Der beschädigte Speicher liegt mit einer Liste des Beiseitegelegten in { $folder }.
