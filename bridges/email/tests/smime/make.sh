#!/bin/sh
# Makes the signed mails of this folder: run in it, with OpenSSL 3. Keys are thrown away, so every
# run makes others; certificates end in the year 2126.
set -eu
keys=$(mktemp -d)
trap 'rm -r "$keys"' EXIT
days=36500

authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $days \
        -subj "/O=Land/CN=$1" -keyout "$keys/ca.key" -out "$keys/ca.crt" \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign 2>/dev/null
}

person() { # NAME ADDRESS KIND…
    name=$1 address=$2
    shift 2
    openssl req -newkey "$@" -nodes -subj "/CN=$name" -keyout "$keys/p.key" -out "$keys/p.csr" 2>/dev/null
    printf 'subjectAltName=email:%s\nextendedKeyUsage=emailProtection\nbasicConstraints=CA:false\n' \
        "$address" > "$keys/p.ext"
    openssl x509 -req -in "$keys/p.csr" -CA "$keys/ca.crt" -CAkey "$keys/ca.key" -days $days \
        -extfile "$keys/p.ext" -out "$keys/p.crt" 2>/dev/null
}

sign() { # FILE OPTION…
    file=$1
    shift
    printf 'Content-Type: text/plain; charset=utf-8\r\n\r\nGr\303\274\303\237e, gezeichnet Eva.\r\n' > "$keys/text"
    openssl cms -sign -binary -in "$keys/text" -signer "$keys/p.crt" -inkey "$keys/p.key" \
        -certfile "$keys/ca.crt" -outform SMIME -out "$keys/signed" "$@"
    {
        printf 'From: Eva <eva@citizen.example>\r\nTo: buero@amt.example\r\nSubject: Antrag\r\n'
        printf 'Message-ID: <%s@citizen.example>\r\n' "$file"
        sed 's/\r*$/\r/' "$keys/signed"
    } > "$file.eml"
}

authority 'Wurzel des Landes'
cp "$keys/ca.crt" ca.pem
person 'Eva Beispiel' eva@citizen.example rsa:2048
sign detached
sign opaque -nodetach
sign opaque-in-pieces -nodetach -stream
sign opaque-sha512 -nodetach -md sha512
sign opaque-pss -nodetach -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest
sign opaque-pss-salt -nodetach -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:max
sign opaque-sha1 -nodetach -md sha1
openssl cms -encrypt -in "$keys/text" -aes256 -outform SMIME -subject Geheim \
    -from eva@citizen.example "$keys/p.crt" | sed 's/\r*$/\r/' > enveloped.eml
person 'Eva Beispiel' eva@citizen.example ec -pkeyopt ec_paramgen_curve:P-256
sign opaque-ecdsa -nodetach
person 'Eva Beispiel' eva@citizen.example ec -pkeyopt ec_paramgen_curve:brainpoolP256r1
sign opaque-brainpool -nodetach
person 'Mallory' mallory@evil.example rsa:2048
sign opaque-of-another -nodetach
authority 'Wurzel von irgendwem'
person 'Eva Beispiel' eva@citizen.example rsa:2048
sign opaque-unvouched -nodetach
