# shellcheck shell=bash
# shellcheck disable=SC2154 # here, dir and the settings of `up` are those of ../run
# A cluster that runs already: that of the current context in KUBECONFIG. Its credentials must suffice for an administrator. All
# that is made in it are CertificateSigningRequests, which `down` deletes.

# shellcheck source=tests/control-plane/providers/certificates.sh
. "$here/providers/certificates.sh"

# shellcheck disable=SC2034 # read by ../run
settings=(kubectl api_server host_api_server)

create() {
  programs
  [ -n "${KUBECONFIG:-}" ] || { forget; fail "USE_EXISTING_CLUSTER=true needs KUBECONFIG"; }
  (umask 077 && "$kubectl" config view --raw --flatten --minify >"$dir/admin.kubeconfig") || { rm -f "$dir/admin.kubeconfig"; forget; exit 1; }
  read_server
  save
}

programs() {
  need kubectl openssl
  kubectl=$(command -v kubectl)
}

read_server() {
  api_server=$("$kubectl" --kubeconfig "$dir/admin.kubeconfig" config view --minify -o jsonpath='{.clusters[0].cluster.server}')
  # Hosts are in network namespaces, whose loopback is their own.
  case $api_server in
    *://127.* | *://localhost* | *://\[::1\]*) host_api_server='' ;;
    *) host_api_server=$api_server ;;
  esac
}

resume() { until_true "$ready_seconds" ready || fail "$api_server is not ready: $("$kubectl" --kubeconfig "$dir/admin.kubeconfig" get --raw /readyz 2>&1 | tail -n 1)"; }

environment() {
  echo "export KILONOVA_API_SERVER='$api_server'"
  echo "export KILONOVA_HOST_API_SERVER='$host_api_server'"
}

destroy() {
  [ ! -s "$dir/requests" ] ||
    xargs "$kubectl" --kubeconfig "$dir/admin.kubeconfig" delete certificatesigningrequests --ignore-not-found <"$dir/requests" >/dev/null
}

processes() { :; }
fault() { refuse "$1: $api_server is not a control plane of our own ($provider), its processes are left alone"; }

issue() { # NAME FILE SERVER [GROUP...]
  local name=$1 file=$2 server=$3 work csr
  shift 3
  work=$(mktemp -d "$dir/user-XXXXXX")
  request "$name" "$work/key" "$work/request" "$@"
  csr=kilonova-test-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
  echo "$csr" >>"$dir/requests" # before it is made, so that none is forgotten
  "$kubectl" --kubeconfig "$dir/admin.kubeconfig" create -f - >/dev/null <<CSR
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: $csr}
spec:
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
  request: $(base64 -w0 "$work/request")
CSR
  "$kubectl" --kubeconfig "$dir/admin.kubeconfig" certificate approve "$csr" >/dev/null
  until_true 60 signed "$csr" "$work/certificate" ||
    fail "the certificate of $name is not issued: $("$kubectl" --kubeconfig "$dir/admin.kubeconfig" get certificatesigningrequests "$csr" -o jsonpath='{.status.conditions}')"
  kubeconfig "$dir/admin.kubeconfig" "$file" "$name" "$server" "$work/key" "$work/certificate"
  rm -r "$work"
}

signed() { # CSR FILE
  "$kubectl" --kubeconfig "$dir/admin.kubeconfig" get certificatesigningrequests "$1" -o jsonpath='{.status.certificate}' | base64 -d >"$2"
  [ -s "$2" ]
}
