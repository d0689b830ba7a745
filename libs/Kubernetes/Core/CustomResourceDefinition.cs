using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Core;

/// <summary>A custom resource definition, kept as it came: read it through <see cref="WireObject.Extensions"/>.</summary>
[Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", Scope.Cluster)]
public sealed record CustomResourceDefinition : KubernetesObject;
