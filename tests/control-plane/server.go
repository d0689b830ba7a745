package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	extv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	extserver "k8s.io/apiextensions-apiserver/pkg/apiserver"
	extoptions "k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	extopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/admission"
	webhookinit "k8s.io/apiserver/pkg/admission/plugin/webhook/initializer"
	"k8s.io/apiserver/pkg/endpoints/filters"
	apiopenapi "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericfilters "k8s.io/apiserver/pkg/server/filters"
	"k8s.io/apiserver/pkg/server/options"
	serverstorage "k8s.io/apiserver/pkg/server/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/apiserver/pkg/util/notfoundhandler"
	utilopenapi "k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/kube-openapi/pkg/common"

	coreopenapi "kilonova/controlplane/openapi"
)

type serveOptions struct {
	pki         pki
	etcd        string
	port        int
	bind, names []string
}

// loopback are the server's clients to itself.
type loopback struct {
	config    *rest.Config
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	metadata  metadata.Interface
	informers informers.SharedInformerFactory
}

// serve runs until ctx is done. There is one generic API server: the one of apiextensions, which serves
// CRDs, with the built-in groups installed next to them.
func serve(ctx context.Context, o serveOptions) error {
	cfg := genericapiserver.NewRecommendedConfig(extserver.Codecs)
	if err := options.NewServerRunOptions().ApplyTo(&cfg.Config); err != nil { // also registers the component's version
		return err
	}
	if err := compatibility.DefaultComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	cfg.MergedResourceConfig = extserver.DefaultAPIResourceConfigSource()
	cfg.LongRunningFunc = genericfilters.BasicLongRunningRequestCheck(sets.NewString("watch"), sets.NewString())
	cfg.EnableProfiling = false
	cfg.RequestTimeout = time.Minute

	if err := applyServing(cfg, o); err != nil {
		return err
	}
	etcd, err := applyStorage(cfg, strings.Split(o.etcd, ","))
	if err != nil {
		return err
	}
	lo, err := newLoopback(cfg.LoopbackClientConfig)
	if err != nil {
		return err
	}
	cfg.ClientConfig, cfg.SharedInformerFactory = lo.config, lo.informers
	accounts, err := newTokens(o.pki, lo.informers.Core().V1().ServiceAccounts().Lister())
	if err != nil {
		return err
	}
	rules := newRBAC(lo.informers)
	if err := applyAccess(cfg, o.pki, accounts, rules); err != nil {
		return err
	}
	applyOpenAPI(cfg)

	garbage := newCollector(lo)
	services := newServiceResolver(lo.informers)
	webhooks := webhook.NewDefaultAuthenticationInfoResolverWrapper(nil, nil, lo.config, noop.NewTracerProvider())
	if err := options.NewAdmissionOptions().ApplyTo(&cfg.Config, lo.informers, lo.typed, lo.dynamic, cfg.FeatureGate, cfg.EffectiveVersion,
		webhookinit.NewPluginInitializer(webhooks, services)); err != nil {
		return err
	}
	cfg.AdmissionControl = admission.NewChainHandler(cfg.AdmissionControl, &escalation{rules, cfg.Authorization.Authorizer}, garbage)

	crdConfig := extserver.Config{GenericConfig: cfg, ExtraConfig: extserver.ExtraConfig{
		CRDRESTOptionsGetter: extoptions.NewCRDRESTOptionsGetter(*etcd, cfg.ResourceTransformers, cfg.StorageObjectCountTracker),
		ServiceResolver:      services,
		AuthResolverWrapper:  webhooks,
		MasterCount:          1,
	}}
	completed := crdConfig.Complete()
	completed.GenericConfig.EnableDiscovery = true // Complete leaves /apis to an aggregator; there is none here
	crds, err := completed.New(genericapiserver.NewEmptyDelegateWithCustomHandler(
		notfoundhandler.New(cfg.Serializer, filters.NoMuxAndDiscoveryIncompleteKey)))
	if err != nil {
		return err
	}
	server := crds.GenericAPIServer
	b := newBuiltins()
	if err := b.install(server, b.restOptions(etcd), reviews{&cfg.Config}, accounts); err != nil {
		return err
	}

	namespaces := newNamespaceController(lo)
	if err := addSigner(ctx, lo, o.pki); err != nil {
		return err
	}
	hooks := map[string]genericapiserver.PostStartHookFunc{
		"kilonova-bootstrap": func(h genericapiserver.PostStartHookContext) error { return bootstrap(h, lo.typed) },
		"kilonova-crd-groups": func(h genericapiserver.PostStartHookContext) error {
			return publishCRDGroups(h, server.DiscoveryGroupManager, crds.Informers.Apiextensions().V1().CustomResourceDefinitions())
		},
		"kilonova-controllers": func(h genericapiserver.PostStartHookContext) error {
			go namespaces.run(h)
			go garbage.run(h)
			return nil
		},
	}
	for name, hook := range hooks {
		if err := server.AddPostStartHook(name, hook); err != nil {
			return err
		}
	}
	return server.PrepareRun().RunWithContext(ctx)
}

func applyServing(cfg *genericapiserver.RecommendedConfig, o serveOptions) error {
	if err := o.pki.ensureCA(); err != nil {
		return err
	}
	certFile, keyFile, err := o.pki.issueServer(append(o.names, o.bind...))
	if err != nil {
		return err
	}
	serving := options.NewSecureServingOptions()
	if serving.Listener, err = listen(o.port, o.bind); err != nil {
		return err
	}
	serving.HTTP2MaxStreamsPerConnection = 1000
	serving.ServerCert.CertKey = options.CertKey{CertFile: certFile, KeyFile: keyFile}
	return serving.WithLoopback().ApplyToConfig(&cfg.Config)
}

// applyStorage sets up etcd for the CRD objects themselves; custom resources and built-ins derive from it.
func applyStorage(cfg *genericapiserver.RecommendedConfig, servers []string) (*options.EtcdOptions, error) {
	if servers[0] == "" {
		return nil, errors.New("--etcd is required")
	}
	codec := extserver.Codecs.LegacyCodec(extv1beta1.SchemeGroupVersion, extv1.SchemeGroupVersion)
	etcd := options.NewEtcdOptions(storagebackend.NewDefaultConfig("/registry", codec))
	etcd.StorageConfig.Transport.ServerList = servers
	etcd.StorageConfig.StorageObjectCountTracker = cfg.StorageObjectCountTracker
	etcd.DeleteCollectionWorkers = 4
	return etcd, etcd.ApplyTo(&cfg.Config)
}

// restOptions stores the built-in types as protobuf of their only version.
func (b *builtins) restOptions(etcd *options.EtcdOptions) *options.StorageFactoryRestOptionsFactory {
	enabled := serverstorage.NewResourceConfig()
	for _, g := range groups {
		enabled.EnableVersions(g.version)
	}
	return &options.StorageFactoryRestOptionsFactory{Options: *etcd, StorageFactory: serverstorage.NewDefaultStorageFactory(etcd.StorageConfig,
		runtime.ContentTypeProtobuf, b.codecs, serverstorage.NewDefaultResourceEncodingConfig(b.scheme), enabled, nil)}
}

func newLoopback(config *rest.Config) (*loopback, error) {
	config.QPS, config.Burst, config.WarningHandler = -1, -1, rest.NoWarnings{}
	protobuf := rest.CopyConfig(config) // the other clients read custom resources, which have no protobuf form
	protobuf.ContentType = runtime.ContentTypeProtobuf
	typed, err1 := kubernetes.NewForConfig(protobuf)
	dyn, err2 := dynamic.NewForConfig(config)
	meta, err3 := metadata.NewForConfig(config)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	return &loopback{config, typed, dyn, meta, informers.NewSharedInformerFactory(typed, 10*time.Minute)}, nil
}

// applyOpenAPI joins the library's definitions of meta and apiextensions with those that the build
// generates. Their names come from schemes without internal versions, which would show in the schemas.
func applyOpenAPI(cfg *genericapiserver.RecommendedConfig) {
	definitions := utilopenapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(func(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
		all := coreopenapi.GetOpenAPIDefinitions(ref)
		for name, d := range extopenapi.GetOpenAPIDefinitions(ref) {
			all[name] = d
		}
		return all
	})
	namer := apiopenapi.NewDefinitionNamer(extserver.Scheme, clientscheme.Scheme)
	cfg.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(definitions, namer)
	cfg.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(definitions, namer)
	cfg.OpenAPIConfig.Info.Title, cfg.OpenAPIV3Config.Info.Title = "Kubernetes", "Kubernetes"
}
