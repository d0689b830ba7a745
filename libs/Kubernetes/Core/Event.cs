using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Core;

/// <summary>Something worth telling people happened to an object (<c>events.k8s.io/v1</c>).</summary>
[Kind("events.k8s.io", "v1", "Event", "events")]
public sealed record Event : KubernetesObject
{
    /// <summary>When it was first seen.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; init; }

    /// <summary>Repetitions; absent for a single event.</summary>
    public EventSeries? Series { get; init; }

    /// <summary>Component that reports, for instance <c>example.dev/controller</c>.</summary>
    public string? ReportingController { get; init; }

    /// <summary>Which instance of the component.</summary>
    public string? ReportingInstance { get; init; }

    /// <summary>What was done or failed, one word.</summary>
    public string? Action { get; init; }

    /// <summary>Why, one word.</summary>
    public string? Reason { get; init; }

    /// <summary>What it is about.</summary>
    public ObjectReference? Regarding { get; init; }

    /// <summary>Another object that takes part.</summary>
    public ObjectReference? Related { get; init; }

    /// <summary>A sentence, at most 1 KiB.</summary>
    public string? Note { get; init; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public string? Type { get; init; }
}

/// <summary>Repetitions of an event.</summary>
public sealed record EventSeries : WireObject
{
    /// <summary>How often, the first included.</summary>
    public required int Count { get; init; }

    /// <summary>When last.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public required DateTimeOffset LastObservedTime { get; init; }
}

/// <summary>A reference to an object of any kind.</summary>
public sealed record ObjectReference : WireObject
{
    /// <summary>Group and version.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Kind.</summary>
    public string? Kind { get; init; }

    /// <summary>Namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Name.</summary>
    public string? Name { get; init; }

    /// <summary>UID.</summary>
    public string? Uid { get; init; }

    /// <summary>Version.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Part of the object.</summary>
    public string? FieldPath { get; init; }

    /// <summary>Refers to <paramref name="obj"/>.</summary>
    public static ObjectReference To<T>(ResourceType<T> type, T obj)
        where T : KubernetesObject
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(obj);
        return new ObjectReference
        {
            ApiVersion = type.ApiVersion,
            Kind = type.Kind,
            Namespace = obj.Metadata.Namespace,
            Name = obj.Metadata.Name,
            Uid = obj.Metadata.Uid,
        };
    }
}
