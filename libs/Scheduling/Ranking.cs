namespace Kilonova.Scheduling;

/// <summary>Picks the best hosts by weight. Equal weights keep the order of the snapshot, unless they are to be drawn.</summary>
internal static class Ranking
{
    /// <summary>Up to here the best are kept by insertion; beyond, all are sorted.</summary>
    public const int FewEnoughToInsert = 64;

    /// <summary>Writes the positions of the best, best first.</summary>
    /// <param name="totals">Weights.</param>
    /// <param name="best">Takes positions within <paramref name="totals"/>: a few, or all.</param>
    /// <param name="keys">Room to sort in, as long as <paramref name="totals"/>.</param>
    public static void Best(ReadOnlySpan<double> totals, Span<int> best, Span<double> keys)
    {
        if (best.Length <= FewEnoughToInsert) Insert(totals, best);
        else Sort(totals, best, keys);
    }

    /// <summary>Draws anew which of those that share the best weight come first, and in which order.</summary>
    public static void ShuffleBest(ReadOnlySpan<double> totals, Span<int> best, Random random)
    {
        var top = totals[best[0]];
        var places = 0;
        while (places < best.Length && totals[best[places]] == top) places++;
        var seen = 0;
        for (var i = 0; i < totals.Length; i++)
        {
            if (totals[i] != top) continue;
            // Reservoir sampling: each of those seen so far holds one of the places with equal chance.
            var place = seen < places ? seen : random.Next(seen + 1);
            if (place < places) best[place] = i;
            seen++;
        }

        random.Shuffle(best[..places]);
    }

    /// <summary>Draws the first from the best few and moves it to the front; the others keep their order.</summary>
    public static void DrawFirst(Span<int> best, int subset, Random random)
    {
        var drawn = random.Next(Math.Min(subset, best.Length));
        var chosen = best[drawn];
        best[..drawn].CopyTo(best[1..]);
        best[0] = chosen;
    }

    private static void Insert(ReadOnlySpan<double> totals, Span<int> best)
    {
        var found = 0;
        for (var i = 0; i < totals.Length; i++)
        {
            if (found == best.Length && !(totals[i] > totals[best[found - 1]])) continue;
            var at = found < best.Length ? found++ : found - 1;
            for (; at > 0 && totals[i] > totals[best[at - 1]]; at--) best[at] = best[at - 1];
            best[at] = i;
        }
    }

    private static void Sort(ReadOnlySpan<double> totals, Span<int> order, Span<double> keys)
    {
        for (var i = 0; i < totals.Length; i++)
        {
            keys[i] = -totals[i];
            order[i] = i;
        }

        keys.Sort(order);
        // The sort is not stable: put each run of equal weights back into order.
        for (int start = 0, end; start < keys.Length; start = end)
        {
            end = start + 1;
            while (end < keys.Length && keys[end] == keys[start]) end++;
            order[start..end].Sort();
        }
    }
}
