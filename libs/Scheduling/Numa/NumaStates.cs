using System.Runtime.InteropServices;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Numa;

/// <summary>
/// The cells and devices of all hosts, by row. Hosts of equal form share a state, and each state remembers for the latest topologies whether they fit: a host that
/// changes gets another state, so nothing remembered is ever wrong.
/// </summary>
internal sealed class NumaStates
{
    private const int Remembered = 64;
    private const byte Unknown = 0;
    private const byte Yes = 1;
    private const byte No = 2;
    private readonly Dictionary<NumaForm, int> stateOfForm = [];
    private readonly List<(NumaForm? Form, int Rows)> states = [];
    private readonly Stack<int> freeStates = new();
    private readonly Dictionary<GuestTopology, byte[]> answers = [];
    private readonly Queue<GuestTopology> oldest = new();
    private readonly NumaLayouts known = new();
    private HostTopology?[] hosts;
    private NumaLayouts.Shared?[] layouts;
    private int[] stateOf;
    private GuestTopology? last;
    private byte[] lastAnswers = [];

    public NumaStates(int rows)
    {
        hosts = new HostTopology?[rows];
        layouts = new NumaLayouts.Shared?[rows];
        stateOf = new int[rows];
        Array.Fill(stateOf, -1);
    }

    /// <summary>Different states of hosts, for figures.</summary>
    public int Count => stateOfForm.Count;

    /// <summary>Hosts of which some device may be passed through.</summary>
    public int WithDevices { get; private set; }

    public HostTopology? Of(int row) => hosts[row];

    public void Resize(int rows)
    {
        var old = hosts.Length;
        Array.Resize(ref hosts, rows);
        Array.Resize(ref layouts, rows);
        Array.Resize(ref stateOf, rows);
        Array.Fill(stateOf, -1, old, rows - old);
    }

    /// <summary>Replaces a host.</summary>
    /// <returns>Whether a guest that did not fit before may fit now.</returns>
    public bool Replace(int row, HostFacts host)
    {
        var before = hosts[row];
        if (host.Topology is null && host.Inventory.Numa is { } facts)
        {
            layouts[row] = known.Replace(layouts[row], facts);
        }
        else if (layouts[row] is not null)
        {
            known.Release(layouts[row]);
            layouts[row] = null;
        }

        var now = host.Topology ?? layouts[row]?.Layout.With(host.Allocations);
        hosts[row] = now;
        if (now is null)
        {
            if (before?.Pci is not null) WithDevices--;
            Leave(row);
            return false;
        }

        WithDevices += (now.Pci is null ? 0 : 1) - (before?.Pci is null ? 0 : 1);
        Enter(row, NumaForm.Of(now));
        return before is null || NumaChange.MayHelp(before, now);
    }

    /// <summary>Whether a guest fits a host. The answer is remembered where it depends on the cells' numbers alone.</summary>
    public bool Fits(int row, NumaWishes wishes)
    {
        if (hosts[row] is not { } host) return false;
        if (wishes.Topology is not { } guest || wishes.ChoosesTogether) return NumaFit.Fits(host, wishes);
        ref var answer = ref AnswersFor(guest)[stateOf[row]];
        if (answer == Unknown) answer = NumaFit.Fits(host, wishes) ? Yes : No;
        return answer == Yes;
    }

    private byte[] AnswersFor(GuestTopology guest)
    {
        if (ReferenceEquals(guest, last) && lastAnswers.Length >= states.Count) return lastAnswers;
        ref var found = ref CollectionsMarshal.GetValueRefOrAddDefault(answers, guest, out var exists);
        if (!exists) oldest.Enqueue(guest);
        if (found is null || found.Length < states.Count) Array.Resize(ref found, Math.Max(states.Count, 64) * 2);
        (last, lastAnswers) = (guest, found);
        if (oldest.Count > Remembered) answers.Remove(oldest.Dequeue());
        return lastAnswers;
    }

    private void Enter(int row, NumaForm form)
    {
        if (stateOf[row] >= 0 && form.Equals(states[stateOf[row]].Form)) return;
        Leave(row);
        if (!stateOfForm.TryGetValue(form, out var state))
        {
            if (!freeStates.TryPop(out state))
            {
                state = states.Count;
                states.Add(default);
            }

            // Topologies that were forgotten since may still be the last one that was asked for.
            foreach (var remembered in answers.Values)
                if (state < remembered.Length) remembered[state] = Unknown;
            if (state < lastAnswers.Length) lastAnswers[state] = Unknown;
            stateOfForm[form] = state;
            states[state] = (form, 0);
        }

        states[state] = (form, states[state].Rows + 1);
        stateOf[row] = state;
    }

    private void Leave(int row)
    {
        var state = stateOf[row];
        if (state < 0) return;
        stateOf[row] = -1;
        var (form, rows) = states[state];
        if (rows > 1)
        {
            states[state] = (form, rows - 1);
            return;
        }

        stateOfForm.Remove(form!);
        states[state] = default;
        freeStates.Push(state);
    }
}
