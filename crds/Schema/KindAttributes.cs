namespace Kilonova.Crds.Schema;

/// <summary>How a kind is presented, and who writes it.</summary>
/// <param name="specBy">Who writes the specification.</param>
/// <param name="statusBy">Who writes the status; null when there is none.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ResourceAttribute(string specBy, string? statusBy = null) : Attribute
{
    /// <summary>Who writes the specification.</summary>
    public string SpecBy { get; } = specBy;

    /// <summary>Who writes the status; null when there is none.</summary>
    public string? StatusBy { get; } = statusBy;

    /// <summary>Short names for kubectl.</summary>
    public string[] ShortNames { get; init; } = [];

    /// <summary>Categories for kubectl, besides <c>kilonova</c>.</summary>
    public string[] Categories { get; init; } = [];

    /// <summary>Fields that a field selector may name, for instance <c>.status.host</c>.</summary>
    public string[] Selectable { get; init; } = [];
}

/// <summary>A column of <c>kubectl get</c>, in the order of declaration; the age is added after those that are not wide.</summary>
/// <param name="name">Heading.</param>
/// <param name="path">JSON path.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
public sealed class ColumnAttribute(string name, string path) : Attribute
{
    /// <summary>Heading.</summary>
    public string Name { get; } = name;

    /// <summary>JSON path.</summary>
    public string Path { get; } = path;

    /// <summary>OpenAPI type.</summary>
    public string Type { get; init; } = "string";

    /// <summary>Only with <c>-o wide</c>.</summary>
    public bool Wide { get; init; }
}
