using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Core;

/// <summary>An object of any kind, its metadata only (<c>meta/v1</c> PartialObjectMetadata).</summary>
public sealed record ObjectMetadata : KubernetesObject;
