using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Numa;

/// <summary>
/// All that decides whether a guest's cells fit a host, as numbers and whatever the names: which CPUs are free does not matter, but how many cores have how many
/// free threads. Hosts of equal form give equal answers.
/// </summary>
internal sealed class NumaForm : IEquatable<NumaForm>
{
    private readonly long[] numbers;
    private readonly int hash;

    private NumaForm(long[] numbers)
    {
        this.numbers = numbers;
        var code = default(HashCode);
        foreach (var number in numbers) code.Add(number);
        hash = code.ToHashCode();
    }

    public static NumaForm Of(HostTopology host)
    {
        var cells = new long[host.Cells.Length][];
        for (var i = 0; i < cells.Length; i++) cells[i] = Of(host.Cells[i]);
        // Cells are tried in any order before it is said that none fits.
        Array.Sort(cells, static (a, b) => a.AsSpan().SequenceCompareTo(b));
        var limits = host.Limits ?? default;
        var length = 3;
        foreach (var cell in cells) length += cell.Length;
        var numbers = new long[length];
        numbers[0] = cells.Length;
        numbers[1] = BitConverter.DoubleToInt64Bits(limits.Cpu);
        numbers[2] = BitConverter.DoubleToInt64Bits(limits.Ram);
        var at = 3;
        foreach (var cell in cells)
        {
            cell.CopyTo(numbers, at);
            at += cell.Length;
        }

        return new NumaForm(numbers);
    }

    public bool Equals(NumaForm? other) => other is not null && hash == other.hash && numbers.AsSpan().SequenceEqual(other.numbers);

    public override bool Equals(object? obj) => Equals(obj as NumaForm);

    public override int GetHashCode() => hash;

    private static long[] Of(HostCell cell)
    {
        var numbers = new long[9 + cell.ThreadsPerCore + 1 + (cell.Pages.Length * 3)];
        var at = 0;
        numbers[at++] = cell.SharedCpus.Count;
        numbers[at++] = cell.SharedCpusUsed;
        numbers[at++] = cell.DedicatedCpus.Count;
        numbers[at++] = cell.FreeCpus.Count;
        numbers[at++] = cell.IsUndivided ? 1 : 0;
        numbers[at++] = cell.MemoryMiB;
        numbers[at++] = cell.MemoryUsedMiB;
        numbers[at++] = cell.FreeThreads;
        numbers[at++] = cell.Pages.Length;
        numbers[at++] = cell.ThreadsPerCore;
        for (var threads = 1; threads <= cell.ThreadsPerCore; threads++) numbers[at++] = cell.CoresWithFree(threads);
        foreach (var pages in cell.Pages)
        {
            numbers[at++] = pages.SizeKiB;
            numbers[at++] = pages.Total;
            numbers[at++] = pages.FreeKiB;
        }

        return numbers;
    }
}
