using System.Text.Json;
using Kilonova.Scheduling.Expressions;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Passes hosts for which the condition of the hint <c>query</c> is true: lists in JSON whose first part is one of <c>= &lt; &gt; in &lt;= &gt;= not or and</c>, and whose other
/// parts are values, <c>$name</c> for a value of the host, or conditions (spec: SCH-24).
/// </summary>
public sealed class JsonFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "JsonFilter";

    /// <summary>Values of a host that a query can name.</summary>
    public static IReadOnlyList<string> Variables => HostVariables.Names;

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "for which the server's query is false";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.CapabilitiesChanged | ClusterEvents.FiguresChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => !string.IsNullOrEmpty(request.Query);

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (!Concerns(request)) return true;
        using var query = JsonDocument.Parse(request.Query!);
        return IsTrue(hosts, query.RootElement, row);
    }

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        if (!Concerns(request)) return;
        using var query = JsonDocument.Parse(request.Query!);
        foreach (var row in survivors)
            if (!IsTrue(hosts, query.RootElement, row)) survivors.Remove(row);
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        using var query = JsonDocument.Parse(request.Query!);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        Collect(query.RootElement, names);
        var values = new List<string>();
        foreach (var name in names) values.Add($"{name} is {Variable(hosts, row, name)}");
        return $"{request.Query} is false: {string.Join(", ", values)}";
    }

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => "if the server's query were true for it";

    /// <summary>A condition that gives a list (<c>not</c> of several) is true if one of it is.</summary>
    private static bool IsTrue(in SnapshotView hosts, JsonElement query, int row)
    {
        var result = Evaluate(hosts, query, row);
        if (result.Kind != HostValueKind.List) return result.IsTrue;
        foreach (var item in result.Items)
            if (item.IsTrue) return true;
        return false;
    }

    private static HostValue Evaluate(in SnapshotView hosts, JsonElement query, int row)
    {
        if (query.ValueKind != JsonValueKind.Array || query.GetArrayLength() == 0)
            return query.ValueKind is JsonValueKind.Array or JsonValueKind.Null || !HostValue.Of(query).IsTrue ? HostValue.Of(true) : throw new FormatException($"{query.GetRawText()} is no condition");
        var operation = query[0].ValueKind == JsonValueKind.String ? query[0].GetString()! : throw new FormatException($"{query[0].GetRawText()} is no operator");
        var operands = new List<HostValue>(query.GetArrayLength());
        for (var i = 1; i < query.GetArrayLength(); i++)
        {
            var value = query[i].ValueKind switch
            {
                JsonValueKind.Array => Evaluate(hosts, query[i], row),
                JsonValueKind.String => Text(hosts, row, query[i].GetString()!),
                _ => HostValue.Of(query[i]),
            };
            if (!value.IsNone) operands.Add(value);
        }

        return operation switch
        {
            "=" => Each(operands, static (a, b) => a.Is(b)),
            "<" => Each(operands, static (a, b) => a.Order(b) < 0),
            ">" => Each(operands, static (a, b) => a.Order(b) > 0),
            "<=" => Each(operands, static (a, b) => a.Order(b) <= 0),
            ">=" => Each(operands, static (a, b) => a.Order(b) >= 0),
            "in" => HostValue.Of(operands.Count > 1 && operands.Skip(1).Any(o => operands[0].Is(o))),
            "not" => HostValue.Of([.. operands.Select(o => HostValue.Of(!o.IsTrue))]),
            "or" => HostValue.Of(operands.Exists(o => o.IsTrue)),
            "and" => HostValue.Of(operands.TrueForAll(o => o.IsTrue)),
            _ => throw new FormatException($"{operation} is no operator"),
        };
    }

    /// <summary>The first is compared with each of the others. With nothing to compare it is false.</summary>
    private static HostValue Each(List<HostValue> operands, Func<HostValue, HostValue, bool> holds)
    {
        if (operands.Count < 2) return HostValue.Of(false);
        for (var i = 1; i < operands.Count; i++)
            if (!holds(operands[0], operands[i])) return HostValue.Of(false);
        return HostValue.Of(true);
    }

    private static HostValue Text(in SnapshotView hosts, int row, string text)
    {
        if (text.Length == 0) return default;
        return text[0] == '$' ? Variable(hosts, row, text[1..]) : HostValue.Of(text);
    }

    private static HostValue Variable(in SnapshotView hosts, int row, string path)
    {
        var dot = path.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0) return HostVariables.Get(hosts, row, path);
        if (path[..dot] == "stats") return HostVariables.Stat(hosts, row, path[(dot + 1)..]);
        return HostVariables.Get(hosts, row, path[..dot]).IsNone ? default : throw new FormatException($"${path}: {path[..dot]} is a single value");
    }

    private static void Collect(JsonElement query, SortedSet<string> names)
    {
        if (query.ValueKind == JsonValueKind.Array)
            foreach (var part in query.EnumerateArray()) Collect(part, names);
        else if (query.ValueKind == JsonValueKind.String && query.GetString() is ['$', .. var name]) names.Add(name);
    }
}
