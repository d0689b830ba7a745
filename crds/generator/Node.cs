namespace Kilonova.Crds.Generator;

/// <summary>A mapping of the document being built; keys stay in the order in which they were added, so the output is the same each time.</summary>
public sealed class Node : OrderedDictionary<string, object>
{
    /// <summary>An empty mapping.</summary>
    public Node()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>Adds a key unless the value is null or an empty list or mapping.</summary>
    public Node With(string key, object? value)
    {
        if (value is not (null or Node { Count: 0 } or List<object> { Count: 0 }))
            Add(key, value);
        return this;
    }
}
