package main

import (
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/request/union"
	"k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	authzunion "k8s.io/apiserver/pkg/authorization/union"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// applyAccess decides who a caller is (client certificate or ServiceAccount token, else anonymous) and
// what it may do (RBAC).
func applyAccess(cfg *genericapiserver.RecommendedConfig, p pki, t *tokens, rules *rbac) error {
	ca, err := dynamiccertificates.NewDynamicCAContentFromFile("client-ca", p.caFile())
	if err != nil {
		return err
	}
	if err := cfg.Authentication.ApplyClientCert(ca, cfg.SecureServing); err != nil {
		return err
	}
	cfg.Authentication.Authenticator = union.NewFailOnError(
		group.NewAuthenticatedGroupAdder(union.NewFailOnError(
			x509.NewDynamic(ca.VerifyOptions, x509.CommonNameUserConversion),
			bearertoken.New(t))),
		anonymous.NewAuthenticator(nil))
	cfg.Authentication.APIAudiences = authenticator.Audiences{issuer}
	cfg.RuleResolver = rules
	cfg.Authorization.Authorizer = authzunion.New(authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup), rules)
	return nil
}
