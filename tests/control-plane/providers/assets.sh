# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # here, dir, port, ... are those of ../run; command is read by processes.sh
# etcd and kube-apiserver from the folder KUBEBUILDER_ASSETS (what setup-envtest downloads), with RBAC and keys by openssl.
# There is no controller manager: namespaces are not emptied, owner references are not followed, CSRs are not signed.

# shellcheck source=tests/control-plane/providers/processes.sh
. "$here/providers/processes.sh"
# shellcheck source=tests/control-plane/providers/certificates.sh
. "$here/providers/certificates.sh"

programs() {
  local tool
  bin=$(cd "$KUBEBUILDER_ASSETS" && pwd) || { forget; exit 1; }
  for tool in etcd kube-apiserver; do
    [ -x "$bin/$tool" ] || { forget; fail "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS holds no $tool"; }
  done
  need openssl
  kubectl=$bin/kubectl
  [ -x "$kubectl" ] || { need kubectl; kubectl=$(command -v kubectl); }
}

prepare() {
  local pki=$dir/pki names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.0.0.1 value
  for value in "${bind[@]}" "${san[@]}"; do
    if [ "$value" = 0.0.0.0 ]; then continue; fi
    if [[ $value =~ ^[0-9.]+$|: ]]; then names+=,IP:$value; else names+=,DNS:$value; fi
  done
  mkdir -p "$pki"
  {
    new_key "$pki/ca.key" && new_key "$pki/service-accounts.key" &&
      openssl req -x509 -new -key "$pki/ca.key" -subj /CN=kilonova-test-ca -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign -out "$pki/ca.crt" &&
      openssl ec -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub" &&
      request kube-apiserver "$pki/server.key" "$pki/server.csr" &&
      sign "$pki/server.csr" "$pki/server.crt" "extendedKeyUsage=serverAuth" "subjectAltName=$names" &&
      "$kubectl" --kubeconfig "$pki/base" config set-cluster local --server "https://127.0.0.1:$port" --certificate-authority "$pki/ca.crt" --embed-certs &&
      "$kubectl" --kubeconfig "$pki/base" config set-context local --cluster local &&
      "$kubectl" --kubeconfig "$pki/base" config use-context local
  } >"$dir/pki.log" 2>&1 || { tail -n 5 "$dir/pki.log" >&2; fail "the keys cannot be made, see $dir/pki.log"; }
}

sign() { # REQUEST CERTIFICATE EXTENSION...
  local request=$1 certificate=$2
  shift 2
  openssl x509 -req -in "$request" -CA "$dir/pki/ca.crt" -CAkey "$dir/pki/ca.key" -days 3650 -out "$certificate" \
    -extfile <(printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "$@")
}

api_command() {
  # It takes one address; for any further one it listens on all there are, as that one may not exist yet.
  local address=127.0.0.1 pki=$dir/pki
  [ ${#bind[@]} -eq 0 ] || address=0.0.0.0
  command=("$bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$client_port" --bind-address "$address" --advertise-address 127.0.0.1 --secure-port "$port"
    --client-ca-file "$pki/ca.crt" --tls-cert-file "$pki/server.crt" --tls-private-key-file "$pki/server.key"
    --service-account-issuer https://kubernetes.default.svc.cluster.local
    --service-account-signing-key-file "$pki/service-accounts.key" --service-account-key-file "$pki/service-accounts.pub"
    --service-cluster-ip-range 10.0.0.0/24 --authorization-mode RBAC --disable-admission-plugins ServiceAccount --allow-privileged)
}

issue() { # NAME FILE SERVER [GROUP...]
  local name=$1 file=$2 server=$3 work
  shift 3
  work=$(mktemp -d "$dir/user-XXXXXX")
  {
    request "$name" "$work/key" "$work/request" "$@" &&
      sign "$work/request" "$work/certificate" extendedKeyUsage=clientAuth 2>>"$dir/pki.log" &&
      kubeconfig "$dir/pki/base" "$file" "$name" "$server" "$work/key" "$work/certificate"
  } || fail "no certificate for $name"
  rm -r "$work"
}
