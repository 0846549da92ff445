//! What mail programs write around earlier mails, forwarded mails and signatures, in the
//! languages of Europe. All in lower case. One list for all languages: a mail that answers a
//! Dutch one in German has both.

/// "… wrote:"
pub(super) const WROTE: &[&str] = &[
    // English, German, Dutch
    "wrote", "writes", "schrieb", "schreibt", "schrieben", "geschrieben", "schreef", "schrijft",
    "geschreven",
    // French, Spanish, Portuguese, Italian, Romanian
    "écrit", "ecrit", "écrivait", "escribió", "escribio", "escribe", "escreveu", "scritto",
    "scrive", "scris",
    // Danish, Norwegian, Swedish, Finnish
    "skrev", "skriver", "kirjoitti",
    // Polish, Czech, Slovak, Slovene, Croatian, Hungarian
    "napisał", "napisała", "napisał(a", "pisze", "napsal", "napsala", "napsal(a", "napísal",
    "napísala", "napisal", "napisala", "napisao", "írta",
    // Estonian, Latvian, Lithuanian
    "kirjutas", "rakstīja", "rašė",
    // Greek, Russian, Ukrainian, Bulgarian, Turkish, Chinese
    "έγραψε", "написал", "написала", "написал(а", "пишет", "писал(а", "пише", "написав", "написа",
    "yazdı", "写道", "寫道",
];

/// Those of them after which a name or a date may follow: "Am … schrieb …:"
pub(super) const WROTE_FIRST: &[&str] = &["schrieb", "schreef", "skrev", "écrit", "írta"];

/// Stands before a date at the beginning of an attribution.
pub(super) const ON: &[&str] = &[
    "on", "at", "am", "le", "el", "il", "op", "em", "den", "dnia", "dne", "w", "pe", "på", "в",
    "στις",
];

/// Stands before a time that is written with a point.
pub(super) const AT: &[&str] = &["at", "um", "à", "alle", "om", "kl", "klo", "ore", "godz"];

/// "Quoting …:"
pub(super) const QUOTING: &[&str] =
    &["zitat von ", "quoting ", "citando ", "citazione di ", "selon ", "citeren van "];

/// What a line in a mail's header is about, as far as a reader is shown it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From,
    Date,
    /// A date too, and no other text is named so.
    Sent,
    To,
    Subject,
    Other,
}

/// Names of header fields.
pub(super) const FIELDS: &[(Field, &[&str])] = &[
    (
        Field::From,
        &[
            "from", "von", "de", "da", "van", "från", "fra", "lähettäjä", "od", "feladó", "saatja",
            "no", "nuo", "от", "від", "από", "kimden", "mittente", "expéditeur", "remitente",
            "absender", "afzender", "de la", "发件人", "寄件者",
        ],
    ),
    (
        Field::Date,
        &[
            "date", "datum", "fecha", "data", "dato", "päivämäärä", "дата", "ημερομηνία", "dátum",
        ],
    ),
    (
        Field::Sent,
        &[
            "sent", "gesendet", "gesendet am", "envoyé", "envoyé le", "enviado", "enviado el",
            "enviada em", "enviado em", "inviato", "verzonden", "verzonden op", "skickat", "sendt",
            "lähetetty", "wysłano", "odesláno", "odoslané", "elküldve", "отправлено", "надіслано",
            "trimis", "发送时间",
        ],
    ),
    (
        Field::To,
        &[
            "to", "an", "à", "a", "para", "pour", "per", "aan", "till", "til", "vastaanottaja",
            "do", "komu", "címzett", "кому", "προς", "către", "destinataire", "destinatario",
            "empfänger", "收件人",
        ],
    ),
    (
        Field::Subject,
        &[
            "subject", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp", "ämne",
            "emne", "aihe", "temat", "předmět", "tárgy", "тема", "θέμα", "subiect", "主题", "主旨",
        ],
    ),
    (
        Field::Other,
        &[
            "cc", "bcc", "kopie", "kopie (cc)", "copie à", "copie", "copia", "kopia", "kopi",
            "reply-to", "reply to", "antwort an", "antworten an", "répondre à", "responder a",
            "rispondi a", "risposta", "antwoord aan", "importance", "priority", "wichtigkeit",
            "priorität", "importancia", "importanza", "prioriteit", "attachments", "anlagen",
            "anhänge", "pièces jointes", "datos adjuntos", "allegati", "bijlagen", "organization",
            "organisation", "message-id", "in-reply-to", "list-id", "categories", "kategorien",
        ],
    ),
];

/// Between dashes: an earlier mail follows.
pub(super) const ORIGINAL: &[&str] = &[
    "original message", "original mail", "original email", "original e-mail",
    "original appointment", "ursprüngliche nachricht", "originalnachricht",
    "original-nachricht", "original nachricht", "ursprünglicher termin", "originalmail",
    "ursprüngliche mail", "ursprüngliche e-mail", "ursprüngliche email",
    "originaltermin", "message d'origine", "message d’origine", "message original",
    "mensaje original", "mensagem original", "messaggio originale", "messaggio original",
    "oorspronkelijk bericht", "origineel bericht", "ursprungligt meddelande", "originalmeddelande",
    "oprindelig meddelelse", "opprinnelig melding", "alkuperäinen viesti", "wiadomość oryginalna",
    "oryginalna wiadomość", "původní zpráva", "pôvodná správa", "eredeti üzenet",
    "исходное сообщение", "оригинальное сообщение", "mesaj original",
];

/// Between dashes, or before a colon: a forwarded mail follows.
pub(super) const FORWARDED: &[&str] = &[
    "forwarded message", "forwarded mail", "forwarded email", "begin forwarded message",
    "weitergeleitete nachricht", "weitergeleitete e-mail", "weitergeleitete mail",
    "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail",
    "message transféré", "message transmis", "début du message transféré",
    "début du message réexpédié", "mensaje reenviado", "inicio del mensaje reenviado",
    "comienzo del mensaje reenviado", "messaggio inoltrato", "inizio messaggio inoltrato",
    "doorgestuurd bericht", "begin doorgestuurd bericht", "mensagem encaminhada",
    "mensagem reencaminhada", "vidarebefordrat meddelande", "videresendt melding",
    "videresendt meddelelse", "przekazana wiadomość", "wiadomość przekazana",
    "přeposlaná zpráva", "továbbított üzenet", "пересылаемое сообщение", "edelleenlähetetty viesti",
];

/// Between dashes, before a name: that person's mail follows, forwarded.
pub(super) const FORWARDED_BY: &[&str] = &[
    "forwarded by ", "forwarded message from ", "weitergeleitet von ", "transféré par ",
    "reenviado por ", "inoltrato da ", "doorgestuurd door ",
];

/// The author's answers stand in the mail below.
pub(super) const BELOW: &[&str] = &[
    "see below", "see my answers", "see inline", "see my comments", "answers below", "comments below", "inline below",
    "siehe unten", "s. unten", "s.u.", "siehe weiter unten", "unten im text", "direkt im text",
    "im text unten", "in rot", "in blau", "in grün", "in red", "in blue", "voir ci-dessous",
    "cf. ci-dessous", "en rouge", "en bleu", "ver abajo", "véase abajo", "más abajo", "en rojo",
    "en azul", "vedi sotto", "di seguito", "in rosso", "in blu", "zie onder", "zie hieronder", "in het rood",
];

/// Begins the subject of what is forwarded.
pub(super) const FORWARDS: &[&str] =
    &["fw", "fwd", "wg", "tr", "rv", "i", "doorst", "enc", "pd", "vb", "vs", "vl", "továbbítás"];

/// "Sent from my …": begins what a device puts below a mail, whatever the device is.
pub(super) const SENT_FROM_MY: &[&str] = &[
    "sent from my ", "envoyé de mon ", "envoyé depuis mon ", "envoyé à partir de mon ",
    "enviado desde mi ", "enviado de mi ", "enviado do meu ", "inviato dal mio ",
    "inviato da mio ", "verzonden vanaf mijn ", "verstuurd vanaf mijn ", "skickat från min ",
    "sendt fra min ", "lähetetty ", "wysłane z mojego ", "отправлено с моего ", "发自我的",
    "發自我的", "從我的",
];

/// "Sent with …": begins it where the name of a device or a program follows.
pub(super) const SENT_WITH: &[&str] = &[
    "sent ", "from my ", "get outlook", "get [outlook", "envoyé ", "obtenez outlook",
    "télécharge", "enviado ", "obtener outlook", "obtén outlook", "descarga", "inviato ",
    "scarica outlook", "ottieni outlook", "verzonden ", "verstuurd ", "download outlook",
    "outlook ", "gesendet ", "versendet ", "geschickt ", "von meinem ", "von meiner ",
    "diese nachricht wurde ", "diese e-mail wurde ", "diese mail wurde ", "holen sie sich outlook",
    "hol dir outlook", "laden sie outlook", "skickat ", "hämta outlook", "sendt ", "hent outlook",
    "wysłane ", "pobierz ", "отправлено ", "надіслано ", "verstuurd ",
];

/// Devices and programs.
pub(super) const DEVICES: &[&str] = &[
    "iphone", "ipad", "ipod", "android", "ios", "samsung", "galaxy", "blackberry", "phone",
    "handy", "mobil", "móvil", "portable", "téléphone", "telefoon", "telefono", "tablet",
    "outlook", "mail", "windows", "thunderbird", "proton", "gmx", "web.de", "huawei", "xiaomi",
    "nokia", "pixel", "device", "gerät", "superhuman", "bluemail", "spark",
];
