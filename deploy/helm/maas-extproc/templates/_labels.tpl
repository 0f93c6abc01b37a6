{{- define "selector" -}}
app.kubernetes.io/name: maas-extproc
app.kubernetes.io/instance: semantic-router
{{- end }}
{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/component: metering
app.kubernetes.io/part-of: maas-observability
{{- end }}
