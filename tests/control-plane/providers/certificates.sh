# shellcheck shell=bash
# shellcheck disable=SC2154 # dir is that of ../run
# Client certificates by openssl.

# A name as openssl's -subj wants it.
in_subject() { sed 's/[\\/+]/\\&/g' <<<"$1"; }

new_key() (umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out "$1")

request() { # NAME KEY REQUEST [GROUP...]: makes a private key, and asks for a certificate of that user
  local subject='' key=$2 request=$3 name=$1 group
  shift 3
  for group in "$@"; do subject+="/O=$(in_subject "$group")"; done
  new_key "$key" &&
    openssl req -new -key "$key" -subj "$subject/CN=$(in_subject "$name")" -utf8 -out "$request"
}

# A kubeconfig like BASE, of which only the cluster is kept, for who has the certificate.
kubeconfig() { # BASE FILE NAME SERVER KEY CERTIFICATE
  local base=$1 file=$2 name=$3 server=$4 key=$5 certificate=$6 work=$2.new cluster
  (umask 077 && cp "$base" "$work" && : >"$work.minified") &&
    cluster=$("$kubectl" --kubeconfig "$work" config view --minify -o jsonpath='{.contexts[0].context.cluster}') &&
    { [ -z "$server" ] || "$kubectl" --kubeconfig "$work" config set-cluster "$cluster" --server "$server" >/dev/null; } &&
    "$kubectl" --kubeconfig "$work" config set-credentials "kilonova-test:$name" --embed-certs --client-key "$key" --client-certificate "$certificate" >/dev/null &&
    "$kubectl" --kubeconfig "$work" config set-context --current --user "kilonova-test:$name" >/dev/null &&
    "$kubectl" --kubeconfig "$work" config view --raw --flatten --minify >"$work.minified" &&
    rm "$work" &&
    mv "$work.minified" "$file"
}
