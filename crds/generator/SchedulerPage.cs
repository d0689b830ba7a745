using System.Text;
using System.Text.RegularExpressions;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Filters;

namespace Kilonova.Crds.Generator;

/// <summary>The page on the scheduler: its steps in the words of their doc comments, and its options.</summary>
public static partial class SchedulerPage
{
    /// <summary>Writes the page.</summary>
    /// <returns>Markdown.</returns>
    public static string Text()
    {
        var comments = new DocComments(typeof(Scheduler).Assembly);
        var configuration = new SchedulerConfiguration();
        var registry = SchedulerRegistry.Default;
        var page = new StringBuilder("<!-- Generated from libs/Scheduling by `make generate`. -->\n").Append("""
            # The scheduler

            A server goes through request filters, then the fit of its resources and traits, then filters, each of which takes hosts out, then weighers, which rank the hosts that are left.
            Names are Nova's, and so is what they do, unless said here. What a filter rejected, and with which numbers, is in `Server.status.scheduling`.

            A server that no host can take waits, and is tried again only when something happens that could help it: each filter declares which events can undo its rejections, and
            a new host is always one. Those are the events below.

            A filter that throws for a host (a number wanted where there is none, for instance) rejects that host, visibly; with `onStepFailure: FailRequest` the whole request fails, as in Nova.

            ## Options

            A JSON object; what is not named keeps its default. An option that does not exist, or a value that breaks its rule, is refused with the option's name and the rule.

            | option | default | rule | |
            |---|---|---|---|

            """);
        foreach (var option in SchedulerOptions.All)
        {
            var nova = option.NovaName is { } name ? $" Nova: `{name}`." : "";
            var standard = option.Name.StartsWith("enabled", StringComparison.Ordinal) ? "see below" : $"`{option.Default}`";
            page.Append($"| `{option.Name}` | {standard} | {Cell(option.Rule)} | {Cell(option.Description)}{nova} |\n");
        }

        page.Append("\n## Request filters\n\nIn this order by default. They see the request before any host is looked at.\n\n| request filter | | tried again when |\n|---|---|---|\n");
        foreach (var name in configuration.EnabledRequestFilters.Concat(registry.RequestFilters.Keys.Except(configuration.EnabledRequestFilters).Order(StringComparer.Ordinal)))
        {
            var filter = registry.RequestFilters[name](configuration);
            page.Append($"| `{name}` | {Cell(comments.Of(filter.GetType()))} | {Events(filter.WokenBy)} |\n");
        }

        page.Append("\n## Filters\n\n| filter | on by default | | tried again when |\n|---|---|---|---|\n");
        foreach (var name in Ordered(configuration.EnabledFilters, registry.Filters.Keys))
        {
            var filter = registry.Filters[name](configuration);
            var place = configuration.EnabledFilters.IndexOf(name);
            page.Append($"| `{name}` | {(place < 0 ? "no" : $"{place + 1}.")} | {Cell(comments.Of(filter.GetType()))}{(filter.RunsOnRebuild ? " Asked too when a server gets another image where it is." : "")} | {Events(filter.WokenBy)} |\n");
        }

        page.Append("""

            Nova's default list is `ComputeFilter`, `ComputeCapabilitiesFilter`, `ImagePropertiesFilter`, `ServerGroupAntiAffinityFilter`, `ServerGroupAffinityFilter`. Here every filter is on that
            only acts where a server, a flavor, an image or an aggregate asks for it, so that nothing is accepted and ignored; NUMA topology and PCI devices among them.

            ## Weighers

            `weight = Σ multiplier × (value - low) / (high - low)`, over the hosts that are left. `low` is 0 where the table says so, else the lowest value; if all values are equal, the last
            factor is 1 where `low` is 0 and the value positive, and 0 otherwise. Fewer than two hosts are not weighed. Metadata of a host's aggregates overrides the multiplier for it:
            the smallest of several counts, and one that is no number makes the configuration's count.

            | weigher | on by default | | multiplier | aggregate metadata | low |
            |---|---|---|---|---|---|

            """);
        foreach (var name in Ordered(configuration.EnabledWeighers, registry.Weighers.Keys))
        {
            var weigher = registry.Weighers[name](configuration);
            page.Append($"| `{name}` | {(configuration.EnabledWeighers.Contains(name) ? "yes" : "no")} | {Cell(comments.Of(weigher.GetType()))} | {(weigher.CountsAgainst ? "-" : "")}{Number(weigher.Multiplier)} | `{weigher.MultiplierKey}` | {(weigher.MinimumValue is { } low ? Number(low) : "lowest")} |\n");
        }

        page.Append("""

            ## Events

            | event | |
            |---|---|

            """);
        foreach (var value in Enum.GetValues<ClusterEvents>().Where(e => e != ClusterEvents.None))
            page.Append($"| `{value}` | {Cell(comments.Of(typeof(ClusterEvents).GetField(value.ToString())!))} |\n");

        page.Append($"""

            ## Values of a host

            `capabilities:NAME` in extra specs, and `$NAME` in the hint `query`, can be: {string.Join(", ", JsonFilter.Variables.Select(v => $"`{v}`"))}. Into `cpu_info` and `stats` extra specs look with
            further parts (`capabilities:cpu_info:topology:cores`, `capabilities:stats:rack`), and a query into `stats` with a dot (`$stats.rack`).

            Operators of extra specs stand before the value: `=` and `>=` (at least), `<=`, `==`, `!=` compare numbers; `s==`, `s!=`, `s<`, `s<=`, `s>`, `s>=` texts; `<in>` is a part of the text,
            `<all-in>` several, `<or> a <or> b` one of some. Without an operator the whole text must be equal.

            """);
        return page.ToString();
    }

    private static IEnumerable<string> Ordered(IReadOnlyCollection<string> enabled, IEnumerable<string> all) => enabled.Concat(all.Except(enabled).Order(StringComparer.Ordinal));

    private static string Events(ClusterEvents events) =>
        events == ClusterEvents.None ? "a host is added" : string.Join(", ", Enum.GetValues<ClusterEvents>().Where(e => e != ClusterEvents.None && events.HasFlag(e)).Select(e => $"`{e}`"));

    private static string Number(double value) => value.ToString("0.0##", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>References in comments are for those who read the code.</summary>
    private static string Cell(string text) => Reference().Replace(text.ReplaceLineEndings(" "), "").Replace("|", "\\|", StringComparison.Ordinal);

    [GeneratedRegex(@" \(spec: [^)]*\)")]
    private static partial Regex Reference();
}
