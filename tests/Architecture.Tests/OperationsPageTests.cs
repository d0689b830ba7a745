using System.Reflection;
using System.Text.RegularExpressions;

namespace Kilonova.Architecture.Tests;

/// <summary>
/// Holds <c>docs/operations.md</c> complete. In the code of operator and agent every literal of capitalised words is taken for a condition, a reason or an Event,
/// but for the few below: so a new one cannot be forgotten, wherever it is made.
/// </summary>
public sealed partial class OperationsPageTests
{
    private static readonly string Root = typeof(OperationsPageTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    private static readonly string Page = File.ReadAllText(Path.Combine(Root, "docs/operations.md"));

    /// <summary>Kinds, actions of Events (what was tried, not what happened), steps of a decision, and words of file formats and settings.</summary>
    private static readonly HashSet<string> NoReasons =
    [
        "Cell", "ClusterRole", "ClusterRoleBinding", "Event", "Hypervisor", "Instance", "Lease", "Namespace", "Opaque", "ResourceProvider", "Role", "RoleBinding", "Secret", "Server", "ServiceAccount", "User",
        "Build", "Delete", "Schedule", "Start", "Stop", "Watch", "ExcludedHosts", "Ledger",
        "Information", "Kilonova", "None", "Parallels", "True", "WithouFreSpacExt", "WithoutFreeSpace", "PreparingForShutdown",
    ];

    [Fact]
    public void Every_condition_reason_and_Event_is_explained()
    {
        var words = Code("operator", "node-agent").Append(("libs/Scheduling/ServerReferences.cs", Source("libs/Scheduling/ServerReferences.cs")))
            .SelectMany(file => Words().Matches(file.Item2).Select(match => (Word: match.Groups[1].Value, file.Item1)))
            .Concat(Verdicts().Select(word => (word, "node-agent/Protocol/Step.cs")))
            .Where(found => !NoReasons.Contains(found.Item1))
            .ToList();
        // Of each sort one, so that a change of style does not leave this test without anything to find.
        foreach (var known in new[] { "HostReachable", "NoValidHost", "BuildFailed", "KubeletCoexistence", "CpuManagerStatic", "DiskMissing", "StoppedByGuest", "LeaseNotRenewed", "FlavorNotFound" })
            Assert.Contains(known, words.Select(found => found.Item1));
        Assert.Empty(words.Where(found => !Page.Contains($"`{found.Item1}`", StringComparison.Ordinal)).Select(found => $"{found.Item1} ({found.Item2})").Distinct());
    }

    [Fact]
    public void Every_metric_is_explained()
    {
        var names = Code("operator", "node-agent", "libs").SelectMany(file => Instruments().Matches(file.Text)).Select(match => match.Groups[1].Value.Replace('.', '_')).ToList();
        foreach (var known in new[] { "kilonova_leader", "kilonova_agent_instances", "kubernetes_workqueue_depth" })
            Assert.Contains(known, names);
        // Prometheus' name is the instrument's, with unit and _total behind it.
        var missing = names.Where(name => !Regex.IsMatch(Page, $"`{name}(_seconds|_bytes)?(_total)?`")).Distinct().ToList();
        Assert.Empty(missing);
    }

    private static IEnumerable<(string File, string Text)> Code(params string[] directories) =>
        from directory in directories
        from file in Directory.EnumerateFiles(Path.Combine(Root, directory), "*.cs", SearchOption.AllDirectories)
        let name = Path.GetRelativePath(Root, file)
        select (name, Source(name));

    // Without comments, in which literals stand for examples.
    private static string Source(string file) =>
        string.Join('\n', File.ReadLines(Path.Combine(Root, file)).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));

    // The reason of a verdict is its name.
    private static IEnumerable<string> Verdicts()
    {
        var text = Source("node-agent/Protocol/Step.cs");
        var body = text[text.IndexOf("enum VerdictKind", StringComparison.Ordinal)..];
        return Members().Matches(body[..body.IndexOf('}', StringComparison.Ordinal)]).Select(match => match.Groups[1].Value);
    }

    [GeneratedRegex("\"([A-Z][a-z][A-Za-z]+)\"")]
    private static partial Regex Words();

    [GeneratedRegex(@"^\s*([A-Z][A-Za-z]+),\s*$", RegexOptions.Multiline)]
    private static partial Regex Members();

    [GeneratedRegex(@"\.Create(?:Observable)?(?:Counter|Histogram|UpDownCounter|Gauge)(?:<[a-z]+>)?\(\s*""([a-z_.]+)""")]
    private static partial Regex Instruments();
}
