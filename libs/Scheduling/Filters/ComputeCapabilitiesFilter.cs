using Kilonova.Scheduling.Expressions;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>
/// Compares the flavor's extra specs that begin with <c>capabilities:</c> with what the host is: the rest of the key is a path, for instance
/// <c>capabilities:cpu_info:topology:cores</c>. A host without such a value does not pass. Extra specs without any prefix are compared too where the host has a
/// value by that name, and ignored where it has none; other prefixes are ignored (spec: SCH-19).
/// </summary>
public sealed class ComputeCapabilitiesFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "ComputeCapabilitiesFilter";

    private const string Scope = "capabilities:";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "without the capabilities that the flavor asks for";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.CapabilitiesChanged | ClusterEvents.FiguresChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request)
    {
        if (request.Flavor?.ExtraSpecs is not { } specs) return false;
        foreach (var key in specs.Keys)
            if (IsCapability(key)) return true;
        return false;
    }

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row) => FirstUnmet(hosts, request, row) is null;

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        if (request.Flavor?.ExtraSpecs is not { } specs) return;
        // Read once for all hosts. Their order counts: a host is rejected by the first that it does not meet.
        var compiled = new List<(string Key, bool Scoped, string[] Path, ExtraSpecMatch Wanted)>();
        foreach (var (key, wanted) in specs)
            if (IsCapability(key)) compiled.Add((key, IsScoped(key), PathOf(key), new ExtraSpecMatch(wanted)));
        var ofCpus = new Dictionary<(CpuDocument, string), bool>();
        foreach (var row in survivors)
        {
            foreach (var (key, scoped, path, wanted) in compiled)
            {
                if (!scoped && !HostVariables.Exists(hosts, row, key)) continue;
                if (path[0] == "cpu_info" && hosts.Capabilities[row].Cpu is { } cpu)
                {
                    if (!ofCpus.TryGetValue((cpu, key), out var met)) ofCpus[(cpu, key)] = met = IsMet(HostVariables.Follow(hosts, row, path), wanted);
                    if (met) continue;
                }
                else if (IsMet(HostVariables.Follow(hosts, row, path), wanted))
                {
                    continue;
                }

                survivors.Remove(row);
                break;
            }
        }
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) =>
        FirstUnmet(hosts, request, row) is var (key, wanted) ? $"{key} {wanted} wanted, the host has {Value(hosts, row, key)}" : "";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) =>
        FirstUnmet(hosts, request, row) is var (key, wanted) ? $"if its {key} met {wanted}" : "";

    private static (string Key, string Wanted)? FirstUnmet(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        if (request.Flavor?.ExtraSpecs is not { } specs) return null;
        foreach (var (key, wanted) in specs)
        {
            if (!IsCapability(key)) continue;
            if (!IsScoped(key) && !HostVariables.Exists(hosts, row, key)) continue;
            var value = Value(hosts, row, key);
            if (value.IsNone || !ExtraSpecMatch.Matches(value.ToString(), wanted)) return (key, wanted);
        }

        return null;
    }

    private static HostValue Value(in SnapshotView hosts, int row, string key) => HostVariables.Follow(hosts, row, PathOf(key));

    private static bool IsMet(in HostValue value, ExtraSpecMatch wanted) => !value.IsNone && wanted.Matches(value.ToString());

    private static string[] PathOf(string key) => (IsScoped(key) ? key[Scope.Length..] : key).Split(':');

    private static bool IsScoped(string key) => key.StartsWith(Scope, StringComparison.Ordinal);

    private static bool IsCapability(string key) => IsScoped(key) || !key.Contains(':', StringComparison.Ordinal);
}
