{{/* Name of the operator's objects. */}}
{{- define "ringrun.fullname" -}}
{{- $name := .Values.nameOverride | default "ringrun" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- printf "%s-operator" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s-operator" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Name of what has no namespace: that of two releases of one name must not be the same. */}}
{{- define "ringrun.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "ringrun.fullname" .) -}}
{{- end }}

{{- define "ringrun.selectorLabels" -}}
app.kubernetes.io/name: ringrun
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Those of every object: common ones take the place of ours, but for what objects are found by. */}}
{{- define "ringrun.labels" -}}
{{- $found := set (include "ringrun.selectorLabels" . | fromYaml) "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $chart := printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" -}}
{{- $ours := dict "helm.sh/chart" $chart "app.kubernetes.io/version" .Chart.AppVersion "app.kubernetes.io/part-of" "ringrun" -}}
{{- merge $found (.Values.commonLabels | default dict) $ours | toYaml -}}
{{- end }}

{{- define "ringrun.testLabels" -}}
{{- set (include "ringrun.labels" . | fromYaml) "app.kubernetes.io/component" "test" | toYaml -}}
{{- end }}

{{- define "ringrun.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "ringrun.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{- define "ringrun.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{/*
Not empty if the CRD is there and is not this release's: another release, or kubectl, brought it. Asked for
only by a release that is to bring it, for a team with rights in its namespace alone may not look.
*/}}
{{- define "ringrun.foreignCrd" -}}
{{- $there := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "ringruns.ringrun.dev" | default dict -}}
{{- $annotations := dig "metadata" "annotations" dict $there | default dict -}}
{{- $release := printf "%s/%s" (get $annotations "meta.helm.sh/release-namespace") (get $annotations "meta.helm.sh/release-name") -}}
{{- if and $there (ne $release (printf "%s/%s" .Release.Namespace .Release.Name)) }}true{{ end -}}
{{- end }}

{{/* The namespaces of a namespaced install, as a YAML list. */}}
{{- define "ringrun.namespaces" -}}
{{- .Values.namespaces | default (list .Release.Namespace) | toYaml -}}
{{- end }}

{{/* What the pods of all runs are set up with, as YAML; empty if nothing is said of them. */}}
{{- define "ringrun.runs" -}}
{{- $runs := deepCopy .Values.runs -}}
{{- if and .Values.imagePullSecrets (not (hasKey $runs "imagePullSecrets")) -}}
{{- $_ := set $runs "imagePullSecrets" .Values.imagePullSecrets -}}
{{- end -}}
{{- with $runs -}}{{ toYaml . }}{{- end -}}
{{- end }}

{{/* On cluster nodes that can run the image, unless the user says which nodes. */}}
{{- define "ringrun.affinity" -}}
{{- $affinity := deepCopy .Values.affinity -}}
{{- if and .Values.architectures (not (hasKey $affinity "nodeAffinity")) -}}
{{- $arch := dict "key" "kubernetes.io/arch" "operator" "In" "values" .Values.architectures -}}
{{- $terms := list (dict "matchExpressions" (list $arch)) -}}
{{- $required := dict "requiredDuringSchedulingIgnoredDuringExecution" (dict "nodeSelectorTerms" $terms) -}}
{{- $_ := set $affinity "nodeAffinity" $required -}}
{{- end -}}
{{- with $affinity -}}{{ toYaml . }}{{- end -}}
{{- end }}

{{/* What the operator may do where it watches; the same as in deploy/rbac.yaml, which a test compares. */}}
{{- define "ringrun.rules" -}}
- apiGroups: [ringrun.dev]
  resources: [ringruns]
  verbs: [get, list, watch, delete]
- apiGroups: [ringrun.dev]
  resources: [ringruns/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, update]
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [create]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, list, watch, create, update]
- apiGroups: [""]
  resources: [events]
  verbs: [list, create, patch]
{{- end }}

{{/* A right that is needed only where runs get NetworkPolicies. */}}
{{- define "ringrun.networkRules" -}}
{{- if .Values.networkPolicy.runs -}}
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [create]
{{- end -}}
{{- end }}

{{/* To the API server, as a rule of a NetworkPolicy; it may be given by name. */}}
{{- define "ringrun.apiServerEgress" -}}
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end }}

{{/* A proxy beside the test would keep it from ending; what the administrator says of all runs takes their place. */}}
{{- define "ringrun.alone" -}}
labels:
  sidecar.istio.io/inject: "false"
  istio.io/dataplane-mode: none
  kuma.io/sidecar-injection: disabled
annotations:
  linkerd.io/inject: disabled
  consul.hashicorp.com/connect-inject: "false"
  dapr.io/enabled: "false"
{{- end }}

{{/* The pod is gone when the test has failed, so what it said is shown then. */}}
{{- define "ringrun.testHook" -}}
helm.sh/hook: test
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
helm.sh/hook-output-log-policy: hook-failed
{{- end }}
