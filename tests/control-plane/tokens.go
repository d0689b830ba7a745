package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/registry/rest"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/util/keyutil"
)

const (
	issuer         = "https://kubernetes.default.svc.cluster.local"
	defaultExpiry  = int64(3600) // seconds
	minimumExpiry  = int64(600)
	tokenAlgorithm = "ES256"
)

// tokens issues and checks the tokens of ServiceAccounts: JSON web tokens with the claims of a cluster's.
type tokens struct {
	key      *ecdsa.PrivateKey
	accounts corelisters.ServiceAccountLister
	now      func() time.Time
}

type claims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audiences  []string `json:"aud"`
	Expires    int64    `json:"exp"`
	NotBefore  int64    `json:"nbf"`
	IssuedAt   int64    `json:"iat"`
	Kubernetes struct {
		Namespace      string  `json:"namespace"`
		ServiceAccount account `json:"serviceaccount"`
	} `json:"kubernetes.io"`
}

type account struct {
	Name string    `json:"name"`
	UID  types.UID `json:"uid"`
}

// newTokens reads the signing key of the plane, or makes it.
func newTokens(p pki, accounts corelisters.ServiceAccountLister) (*tokens, error) {
	file := p.path("service-accounts.key")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		_, keyPEM, err := newKey()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, keyPEM, 0o600); err != nil {
			return nil, err
		}
	}
	key, err := keyutil.PrivateKeyFromFile(file)
	if err != nil {
		return nil, err
	}
	return &tokens{key.(*ecdsa.PrivateKey), accounts, time.Now}, nil
}

func (t *tokens) sign(c claims) (string, error) {
	header, err1 := json.Marshal(map[string]string{"alg": tokenAlgorithm, "typ": "JWT"})
	body, err2 := json.Marshal(c)
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, t.key, digest[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// verify returns the claims of a token that this plane signed; other bearer tokens are not its business.
func (t *tokens) verify(token string) (*claims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	body, err1 := base64.RawURLEncoding.DecodeString(parts[1])
	signature, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	if err1 != nil || err2 != nil || len(signature) != 64 {
		return nil, false
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(&t.key.PublicKey, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return nil, false
	}
	var c claims
	return &c, json.Unmarshal(body, &c) == nil && c.Issuer == issuer
}

// AuthenticateToken accepts a token while it is in time, meant for the asked audience, and its
// ServiceAccount is the one that it was issued for.
func (t *tokens) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	c, ok := t.verify(token)
	if !ok {
		return nil, false, nil
	}
	if now := t.now().Unix(); now >= c.Expires || now < c.NotBefore {
		return nil, false, errors.New("service account token has expired")
	}
	asked, ok := authenticator.AudiencesFrom(ctx)
	if !ok {
		asked = authenticator.Audiences{issuer}
	}
	audiences := authenticator.Audiences(c.Audiences).Intersect(asked)
	if len(audiences) == 0 {
		return nil, false, fmt.Errorf("token audiences %q are not for %q", c.Audiences, asked)
	}
	namespace, name, uid := c.Kubernetes.Namespace, c.Kubernetes.ServiceAccount.Name, c.Kubernetes.ServiceAccount.UID
	sa, err := t.accounts.ServiceAccounts(namespace).Get(name)
	if err != nil || sa.UID != uid {
		return nil, false, fmt.Errorf("service account %s/%s has been deleted", namespace, name)
	}
	return &authenticator.Response{User: serviceaccount.UserInfo(namespace, name, string(uid)), Audiences: audiences}, true, nil
}

// tokenStore is serviceaccounts/token: creating a TokenRequest there issues a token.
type tokenStore struct {
	accounts *store
	tokens   *tokens
}

func (s *tokenStore) New() runtime.Object { return &authenticationv1.TokenRequest{} }
func (s *tokenStore) Destroy()            {}
func (s *tokenStore) GroupVersionKind(schema.GroupVersion) schema.GroupVersionKind {
	return authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")
}

func (s *tokenStore) Create(ctx context.Context, name string, o runtime.Object, validate rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	found, err := s.accounts.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	sa, request := found.(*corev1.ServiceAccount), o.(*authenticationv1.TokenRequest)
	if validate != nil {
		if err := validate(ctx, request.DeepCopy()); err != nil {
			return nil, err
		}
	}
	setPointer(&request.Spec.ExpirationSeconds, defaultExpiry)
	if *request.Spec.ExpirationSeconds < minimumExpiry {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("spec.expirationSeconds: may not specify a duration less than %d seconds", minimumExpiry))
	}
	if len(request.Spec.Audiences) == 0 {
		request.Spec.Audiences = []string{issuer}
	}
	now := s.tokens.now()
	expires := now.Add(time.Duration(*request.Spec.ExpirationSeconds) * time.Second)
	c := claims{Issuer: issuer, Subject: serviceaccount.MakeUsername(sa.Namespace, sa.Name), Audiences: request.Spec.Audiences,
		Expires: expires.Unix(), NotBefore: now.Unix(), IssuedAt: now.Unix()}
	c.Kubernetes.Namespace, c.Kubernetes.ServiceAccount = sa.Namespace, account{sa.Name, sa.UID}
	token, err := s.tokens.sign(c)
	if err != nil {
		return nil, err
	}
	request.Name, request.Namespace = sa.Name, sa.Namespace
	request.Status = authenticationv1.TokenRequestStatus{Token: token, ExpirationTimestamp: metav1.NewTime(expires)}
	return request, nil
}
