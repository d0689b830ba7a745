using System.Text.Json;
using Kilonova.Crds;
using Kilonova.Scheduling.Filters;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling;

/// <summary>Makes the texts of a decision from its bits. Cold: nothing here runs unless somebody reads.</summary>
internal static class Explanation
{
    private const int MaxBytes = 4096;
    private const int MaxSamples = 9;
    private const int MaxSamplesPerStep = 3;
    private const int MaxText = 240;
    private const int MaxCounts = 64;
    private const int MaxAlternates = 16;

    public static SchedulingReport Report(
        Decision decision, DateTimeOffset time, DecisionScratch scratch, in SnapshotView hosts, SchedulingRequest request, string? refusal)
    {
        var report = new SchedulingReport
        {
            Time = time,
            Hosts = decision.Hosts,
            Rejected = [.. decision.Rejected.Take(MaxCounts).Select(r => new FilterCount { Filter = r.Step, Hosts = r.Hosts })],
            Samples = Samples(scratch, hosts, request),
            NearestMiss = refusal ?? (decision.Host is null ? NearestMiss(scratch, hosts, request) : null),
            Alternates = [.. decision.Ranked.Skip(1).Take(MaxAlternates).Select(r => r.Name)],
        };
        return Trimmed(report);
    }

    /// <summary>The first few hosts that each step rejected.</summary>
    private static List<HostRejection> Samples(DecisionScratch scratch, in SnapshotView hosts, SchedulingRequest request)
    {
        var samples = Rejections(scratch, hosts, request, MaxSamplesPerStep);

        // Every step keeps its first sample before any keeps its third.
        while (samples.Count > MaxSamples)
        {
            var fullest = samples.GroupBy(s => s.Filter).MaxBy(g => g.Count())!;
            if (fullest.Count() == 1) break;
            samples.Remove(fullest.Last());
        }

        return samples;
    }

    /// <summary>Hosts that each step rejected, with its numbers, in the order of the steps.</summary>
    /// <param name="scratch">The decision's buffers.</param>
    /// <param name="hosts">The snapshot.</param>
    /// <param name="request">The request.</param>
    /// <param name="most">Most hosts of one step.</param>
    public static List<HostRejection> Rejections(DecisionScratch scratch, in SnapshotView hosts, SchedulingRequest request, int most)
    {
        var samples = new List<HostRejection>();
        for (var step = 0; step < scratch.StepsTaken; step++)
        {
            var taken = 0;
            var before = scratch.After(step - 1);
            var after = scratch.After(step);
            for (var i = 0; i < scratch.Work.Length; i++) scratch.Work[i] = before[i] & ~after[i];
            foreach (var row in new Survivors(scratch.Work))
            {
                if (taken++ == most) break;
                samples.Add(new HostRejection { Host = hosts.Name(row), Filter = scratch.Steps[step].Name, Message = Clip(Explain(scratch.Steps[step], hosts, request, row)) });
            }
        }

        return samples;
    }

    /// <summary>The host that fails the fewest steps and, of those, the one that is nearest to passing; and what would have to change.</summary>
    private static string? NearestMiss(DecisionScratch scratch, in SnapshotView hosts, SchedulingRequest request)
    {
        var failures = scratch.RowNumbers;
        var distances = scratch.RowValues;
        List<FilterError>? errors = null;
        var existing = scratch.After(-1);
        foreach (var step in scratch.Steps)
        {
            existing.CopyTo(scratch.Work);
            Scheduler.Apply(step, StepFailure.RejectHost, hosts, request, existing, scratch.Work, ref errors);
            for (var i = 0; i < existing.Length; i++) scratch.Work[i] = existing[i] & ~scratch.Work[i];
            foreach (var row in new Survivors(scratch.Work))
            {
                failures[row]++;
                distances[row] += Distance(step, hosts, request, row);
            }
        }

        var nearest = -1;
        existing.CopyTo(scratch.Work);
        foreach (var row in new Survivors(scratch.Work))
        {
            if (!double.IsFinite(distances[row])) continue;
            if (nearest < 0 || failures[row] < failures[nearest] || (failures[row] == failures[nearest] && distances[row] < distances[nearest])) nearest = row;
        }

        if (nearest < 0) return null;
        var remedies = new List<string>();
        foreach (var step in scratch.Steps)
            if (!Passes(step, hosts, request, nearest)) remedies.Add(step.Remedy(hosts, request, nearest));
        return Clip($"{hosts.Name(nearest)} would fit {string.Join(", and ", remedies)}", 2 * MaxText);
    }

    private static bool Passes(HostFilter step, in SnapshotView hosts, SchedulingRequest request, int row)
    {
        try
        {
            return step.Passes(hosts, request, row);
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static string Explain(HostFilter step, in SnapshotView hosts, SchedulingRequest request, int row)
    {
        try
        {
            return step.Passes(hosts, request, row) ? "" : step.Explain(hosts, request, row);
        }
        catch (Exception e)
        {
            return $"the filter failed: {e.GetType().Name}: {e.Message}";
        }
    }

    /// <summary>A host that a filter cannot judge is no near miss.</summary>
    private static double Distance(HostFilter step, in SnapshotView hosts, SchedulingRequest request, int row)
    {
        try
        {
            return step.Passes(hosts, request, row) ? 0 : step.Distance(hosts, request, row);
        }
        catch (Exception)
        {
            return double.PositiveInfinity;
        }
    }

    /// <summary>Holds the report to its size, as written on the wire: samples go first, then alternates, then counts of the later steps.</summary>
    private static SchedulingReport Trimmed(SchedulingReport report)
    {
        while (JsonSerializer.SerializeToUtf8Bytes(report, CrdsJsonContext.Default.SchedulingReport).Length > MaxBytes)
        {
            report = report switch
            {
                { Samples.Count: > 0 } => report with { Samples = [.. report.Samples.SkipLast(1)] },
                { Alternates.Count: > 0 } => report with { Alternates = [.. report.Alternates.SkipLast(1)] },
                { NearestMiss: not null } => report with { NearestMiss = null },
                _ => report with { Rejected = [.. report.Rejected!.SkipLast(1)] },
            };
        }

        return report;
    }

    private static string Clip(string text, int length = MaxText) => text.Length <= length ? text : string.Concat(text.AsSpan(0, length - 1), "…");
}
