{{/*
viadukt's configuration out of `config`: gives {toml, files, caBundle} as JSON. `toml` is the file;
`files` are the keys of Secrets and ConfigMaps that the values name, by their path below
/etc/viadukt; `caBundle` is the path of the one that it names.
*/}}
{{- define "viadukt.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $files := dict -}}
{{- include "viadukt.config.complain" . -}}
{{- include "viadukt.config.walk" (dict "node" $config "path" "config" "files" $files) -}}
{{- $caBundle := "" -}}
{{- with .Values.caBundle -}}
{{- $caBundle = include "viadukt.config.file" (dict "value" . "path" "caBundle" "files" $files) -}}
{{- end -}}
{{- $listen := .Values.listenAddress -}}
{{- $ours := dict
    "data_dir" "/var/lib/viadukt"
    "http" (dict "listen" (printf "%s:9090" $listen))
    "limits" (dict "drain_deadline" (printf "%ds" (int .Values.drainSeconds))) -}}
{{- if $config.public -}}
{{- $_ := set $ours "public" (dict "listen" (printf "%s:8085" $listen)) -}}
{{- end -}}
{{- if not (dig "matrix" "recovery_key_file" "" $config) -}}
{{- $_ := set $ours "matrix" (dict "recovery_key_file" "/var/lib/viadukt/recovery.key") -}}
{{- end -}}
{{- $toml := mustMergeOverwrite $config $ours | toToml -}}
{{- dict "toml" $toml "files" $files "caBundle" $caBundle | toJson -}}
{{- end -}}

{{/* What no schema can say in words that help. */}}
{{- define "viadukt.config.complain" -}}
{{- $config := .Values.config -}}
{{- range $option := list "homeserver" "user" -}}
{{- if not (index (default dict $config.matrix) $option) -}}
{{- fail (printf "config.matrix.%s is missing: config.example.toml explains it" $option) -}}
{{- end -}}
{{- end -}}
{{- if not $config.bridges -}}
{{- fail "config.bridges is empty: name one far side at least" -}}
{{- end -}}
{{- $why := dict
    "data_dir" "the volume has its place; see persistence"
    "http.listen" "probes and Services rely on it; see listenAddress"
    "public.listen" "the Service relies on it; see listenAddress"
    "limits.drain_deadline" "Kubernetes must wait longer; set drainSeconds" -}}
{{- range $option, $reason := $why -}}
{{- $found := $config -}}
{{- range $step := splitList "." $option -}}
{{- $found = ternary (get (ternary $found dict (kindIs "map" $found)) $step) "" (kindIs "map" $found) -}}
{{- end -}}
{{- if $found -}}
{{- fail (printf "config.%s is the chart's to set: %s" $option $reason) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Changes the table `node` in place, and everything below it: references to Secrets and ConfigMaps
become paths and are noted in `files`; whole numbers become integers, for in values every number is
a fraction, and TOML tells them apart.
*/}}
{{- define "viadukt.config.walk" -}}
{{- $at := . -}}
{{- range $option, $value := .node -}}
{{- $here := dict "path" (printf "%s.%s" $at.path $option) "files" $at.files -}}
{{- $isFile := or (eq $option "file") (regexMatch "_files?$" $option) -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $at.node $option -}}
{{- else if kindIs "float64" $value -}}
{{- $_ := set $at.node $option (ternary (int64 $value) $value (eq (floor $value) $value)) -}}
{{- else if kindIs "slice" $value -}}
{{- $all := list -}}
{{- range $one := $value -}}
{{- if $isFile -}}
{{- $one = include "viadukt.config.file" (set $here "value" $one) -}}
{{- else if kindIs "map" $one -}}
{{- include "viadukt.config.walk" (set $here "node" $one) -}}
{{- else if kindIs "float64" $one -}}
{{- $one = ternary (int64 $one) $one (eq (floor $one) $one) -}}
{{- end -}}
{{- $all = append $all $one -}}
{{- end -}}
{{- $_ := set $at.node $option $all -}}
{{- else if $isFile -}}
{{- $_ := set $at.node $option (include "viadukt.config.file" (set $here "value" $value)) -}}
{{- else if kindIs "map" $value -}}
{{- include "viadukt.config.walk" (set $here "node" $value) -}}
{{- else if and (kindIs "string" $value) (has $option (list "password" "passphrase" "secret" "token")) -}}
{{- fail (printf "%s: secrets are not written here, for everybody who may read ConfigMaps could read them; use %s_file: {secret: NAME, key: KEY}" $here.path $here.path) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The path of a file that is named by its path, or by its Secret or ConfigMap. */}}
{{- define "viadukt.config.file" -}}
{{- $value := .value -}}
{{- if kindIs "map" $value -}}
{{- $folders := dict "secret" "secrets" "configMap" "configmaps" -}}
{{- $kinds := list -}}
{{- range $kind, $folder := $folders -}}
{{- if hasKey $value $kind -}}{{- $kinds = append $kinds $kind -}}{{- end -}}
{{- end -}}
{{- if ne (len $kinds) 1 -}}
{{- fail (printf "%s: expected one of `secret` and `configMap`" .path) -}}
{{- end -}}
{{- $kind := first $kinds -}}
{{- $path := printf "%s/%s/%s" (get $folders $kind) (get $value $kind) $value.key -}}
{{- $_ := set .files $path (dict "kind" $kind "name" (get $value $kind) "key" $value.key) -}}
{{- printf "/etc/viadukt/%s" $path -}}
{{- else if and (kindIs "string" $value) (hasPrefix "/" $value) -}}
{{- $value -}}
{{- else -}}
{{- fail (printf "%s: expected a path, or where the file is: {secret: NAME, key: KEY} or {configMap: NAME, key: KEY}" .path) -}}
{{- end -}}
{{- end -}}
