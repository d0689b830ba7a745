using System.Globalization;
using Kilonova.Cli.Answers;
using Kilonova.Crds;

namespace Kilonova.Cli.Output;

/// <summary>Answers as people read them. Long lists of hosts are cut: all of them are in the JSON.</summary>
internal static class AnswerPages
{
    private const int MaxNames = 8;
    private const int MaxRows = 50;

    /// <summary>Writes what came of a simulation.</summary>
    public static void Write(Page page, SimulationAnswer answer)
    {
        foreach (var server in answer.Servers)
        {
            Write(page, server);
            page.Line();
        }

        Remarks(page, answer.Notes, answer.Ignored);
        page.Line($"{answer.Placed} placed, {answer.NotPlaced} not placed, on {answer.Hosts} {(answer.Hosts == 1 ? "host" : "hosts")}.");
    }

    /// <summary>Writes why a server is where it is.</summary>
    public static void Write(Page page, WhyAnswer answer)
    {
        Write(page, answer.Server);
        Remarks(page, answer.Notes, answer.Ignored);
    }

    /// <summary>Writes how many more fit.</summary>
    public static void Write(Page page, CapacityAnswer answer)
    {
        page.Line($"{answer.Fits} more of {answer.Flavor}{(answer.Image is null ? "" : $" with image {answer.Image}")} fit.", "bold");
        if (answer.Message is { } message) page.Line(message);
        page.Table(["HOST", "FITS", "THEN", "BECAUSE"], answer.Hosts.Take(MaxRows).Select(h => (IReadOnlyList<string>)[h.Host, $"{h.Fits}", h.Step, h.Message]));
        More(page, answer.Hosts.Count);
        if (answer.RunsOutFirst.Count > 0) page.Line();
        page.Table(["RUNS OUT FIRST", "ON HOSTS"], answer.RunsOutFirst.Select(s => (IReadOnlyList<string>)[s.Step, $"{s.Hosts}"]));
        Remarks(page, answer.Notes, answer.Ignored);
    }

    private static void Write(Page page, ServerAnswer server)
    {
        var where = server.Host is { } host ? $"→ {host}" : server.Reason;
        page.Line($"{server.Namespace}/{server.Name} ({server.Flavor}) {where}", server.Placed ? "bold green" : "bold red");
        if (server.BoundTo is { } bound)
            page.Line($"It is on {bound}. If it were to be placed now{(server.Host is null ? ", no host could take it" : server.Host == bound ? ", it would go there again" : $", it would go to {server.Host}")}.");
        page.Line(server.Message);
        if (server.NearestMiss is { } miss) page.Line($"Nearest miss: {miss}.");
        Section(page, "Hosts left after each step", ["STEP", "LEFT", "HOSTS"],
            (server.Steps ?? []).Select(s => (IReadOnlyList<string>)[s.Step, $"{s.Survivors.Count}", Names(s.Survivors)]));
        Section(page, "Rejected", ["HOST", "BY", "BECAUSE"],
            (server.Rejected ?? []).Take(MaxRows).Select(r => (IReadOnlyList<string>)[r.Host, r.Step, r.Message]));
        More(page, server.Rejected?.Count ?? 0);
        Weights(page, server);
        Section(page, "Refused by the ledger", ["HOST", "BY", "BECAUSE"], (server.RefusedClaims ?? []).Select(r => (IReadOnlyList<string>)[r.Host, r.Step, r.Message]));
        if (server.Held is { } held) Section(page, $"Held on {server.BoundTo}", ["WHAT", "HOW MUCH"], Entry(held));
        if (server.Allocation is { } entry) Section(page, server.BoundTo is null ? "Allocation" : $"What it would be given on {server.Host}", ["WHAT", "HOW MUCH"], Entry(entry));
    }

    private static void Weights(Page page, ServerAnswer server)
    {
        // A host that is alone is not weighed.
        if (server.Weighers is not { Count: > 0 } weighers) return;
        var rows = new List<IReadOnlyList<string>>();
        foreach (var (host, weight) in (server.Order ?? []).Take(MaxNames))
        {
            // What says nothing of any host is left out.
            foreach (var weigher in weighers.Where(w => w.Values.Any(v => v.Weighted != 0)))
            {
                var value = weigher.Values.Single(v => v.Host == host);
                rows.Add([host, weigher.Weigher, Number(value.Raw), Number(value.Normalized), Number(value.Multiplier), Number(value.Weighted)]);
            }

            rows.Add([host, "total", "", "", "", Number(weight)]);
        }

        Section(page, "Weights, best host first", ["HOST", "WEIGHER", "RAW", "NORMALISED", "MULTIPLIER", "WEIGHTED"], rows);
    }

    private static IEnumerable<IReadOnlyList<string>> Entry(Allocation entry)
    {
        foreach (var (resource, amount) in entry.Resources) yield return [resource, $"{amount}"];
        if (entry.Cpus is { } cpus) yield return ["host CPUs, in the order of the guest's", cpus];
        if (entry.WholeCores == true) yield return ["cores", "whole: their other threads stay free"];
        for (var i = 0; i < entry.Cells?.Count; i++)
        {
            var cell = entry.Cells[i];
            var parts = new List<string> { $"host cell {cell.Cell}" };
            if (cell.MemoryMiB is { } memory) parts.Add($"{memory} MiB");
            if (cell.PageSizeKiB is { } size) parts.Add($"pages of {size} KiB");
            if (cell.SharedCpus is { } shared) parts.Add($"{shared} floating CPUs");
            if (cell.EmulatorCpu is { } emulator) parts.Add($"emulator on CPU {emulator}");
            yield return [$"guest cell {i}", string.Join(", ", parts)];
        }

        if (entry.Devices is { Count: > 0 } devices) yield return ["devices", string.Join(", ", devices)];
    }

    private static void Section(Page page, string title, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0) return;
        page.Line();
        page.Line(title + ":");
        page.Table(columns, all);
    }

    private static void Remarks(Page page, IReadOnlyList<string> notes, IReadOnlyList<IgnoredObject> ignored)
    {
        foreach (var note in notes) page.Line($"Note: {note}", "yellow");
        foreach (var o in ignored) page.Line($"Ignored: {o.File}:{o.Line}: {o.Kind} {o.Name} ({o.ApiVersion})", "grey");
    }

    private static void More(Page page, int count)
    {
        if (count > MaxRows) page.Line($"  … and {count - MaxRows} more; -o json has all.");
    }

    private static string Names(IReadOnlyList<string> names) =>
        names.Count <= MaxNames ? string.Join(", ", names) : $"{string.Join(", ", names.Take(MaxNames))}, …";

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
