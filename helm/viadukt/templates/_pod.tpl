{{/* What viadukt's own pod and the one of `helm test` have in common. */}}

{{/*
/etc/viadukt: the configuration and the files that it names, in one volume. Commands find it where
they look for it anyway: `kubectl exec viadukt-0 -- viadukt trace REF`.
*/}}
{{- define "viadukt.pod.etc" -}}
- name: etc
  projected:
    # For viadukt's group; "others" may not read, and viadukt refuses secrets that they may.
    defaultMode: 0440
    sources:
      - configMap:
          name: {{ include "viadukt.fullname" . }}
      {{- range $path, $file := (include "viadukt.config" . | fromJson).files }}
      - {{ $file.kind }}:
          name: {{ $file.name }}
          items:
            - key: {{ $file.key }}
              path: {{ $path }}
      {{- end }}
{{- end -}}

{{- define "viadukt.pod.container" -}}
image: {{ include "viadukt.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- $caBundle := (include "viadukt.config" . | fromJson).caBundle }}
{{- if or $caBundle .Values.extraEnv }}
env:
  {{- with $caBundle }}
  - name: SSL_CERT_FILE
    value: {{ . }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "viadukt.pod.identity" -}}
serviceAccountName: {{ include "viadukt.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
