namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>
/// Runs actors one operation at a time, in an order drawn from a seed. Everything happens on one thread; an operation that is not drawn is an actor that is
/// paused there, for as long as it takes; an actor that is killed never comes back.
/// </summary>
internal sealed class World(int seed) : SynchronizationContext
{
    private const int TraceLength = 160;

    private readonly Queue<(SendOrPostCallback Call, object? State)> _ready = new();
    private readonly List<Pending> _pending = [];
    private readonly List<Pending> _candidates = [];
    private readonly Queue<string> _trace = new();
    private readonly List<string> _held = [];

    public Random Random { get; } = new(seed);

    public int Seed => seed;

    /// <summary>Operations and looks so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Operations so far: reads and writes of the store, and what is done to hosts. Looks at what there is to do are not counted.</summary>
    public int Operations { get; private set; }

    /// <summary>Nobody is held up any more, and no answer is lost.</summary>
    public bool Calm { get; set; }

    /// <summary>The first statement that was found broken; the run ends with it.</summary>
    public string? Broken { get; set; }

    /// <summary>For how many steps somebody is held up at most.</summary>
    public int Pause { get; init; } = 400;

    /// <summary>Operations of this name are held up until they are released; one that is run by its name is run.</summary>
    public void Hold(string what) => _held.Add(what);

    /// <summary>Lets operations of this name go on.</summary>
    public void Release(string what) => _held.Remove(what);

    public override void Post(SendOrPostCallback d, object? state) => _ready.Enqueue((d, state));

    /// <summary>Does an operation when it is drawn.</summary>
    /// <param name="actor">Whose it is.</param>
    /// <param name="what">What the trace calls it.</param>
    /// <param name="operation">What it does.</param>
    /// <param name="due">Whether it may be drawn; always when null.</param>
    public Task<T> Do<T>(Actor actor, string what, Func<T> operation, Func<bool>? due = null)
    {
        var done = new TaskCompletionSource<T>();
        // Now and then an actor is held up right here, for longer than others need for all that they do.
        var notBefore = Calm || Random.Next(25) > 0 ? 0 : Steps + Random.Next(Pause);
        _pending.Add(new Pending(actor, what, notBefore, due, () =>
        {
            T result;
            try
            {
                result = operation();
            }
            catch (ProtocolViolation)
            {
                throw;
            }
#pragma warning disable CA1031 // Whatever goes wrong is the actor's to handle.
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.SetException(e);
                return;
            }

            done.SetResult(result);
        }));
        return done.Task;
    }

    /// <summary>Starts an actor's life; its first operation waits to be drawn.</summary>
    public void Start(Actor actor)
    {
        async void Live() => await actor.LiveAsync();
        Live();
        Drain();
    }

    /// <summary>An actor is gone, in the middle of whatever it did.</summary>
    public void Kill(Actor actor)
    {
        actor.Dead = true;
        _pending.RemoveAll(p => p.Actor == actor);
        Note($"{actor.Name} dies");
    }

    /// <summary>One step of one actor.</summary>
    /// <returns>False when nobody has anything to do.</returns>
    public bool Step()
    {
        _candidates.Clear();
        foreach (var pending in _pending)
        {
            if ((Calm || pending.NotBefore <= Steps) && IsDue(pending))
                _candidates.Add(pending);
        }

        if (_candidates.Count == 0)
        {
            foreach (var pending in _pending)
            {
                if (IsDue(pending))
                    _candidates.Add(pending);
            }
        }

        if (_candidates.Count == 0)
            return false;
        Run(_candidates[Random.Next(_candidates.Count)]);
        return true;
    }

    /// <summary>Runs one actor up to, and not including, an operation; it stays paused there.</summary>
    public void RunUntil(Actor actor, string what)
    {
        for (var i = 0; i < 400; i++)
        {
            if (_pending.Exists(p => p.Actor == actor && p.What.StartsWith(what, StringComparison.Ordinal)))
                return;
            if (!StepOf(actor))
                break;
        }

        Fail($"{actor.Name} does not come to \"{what}\"");
    }

    /// <summary>Runs one actor past an operation.</summary>
    public void RunPast(Actor actor, string what)
    {
        RunUntil(actor, what);
        Run(_pending.Find(p => p.Actor == actor && p.What.StartsWith(what, StringComparison.Ordinal))!);
    }

    /// <summary>Runs one actor until it has nothing more to do.</summary>
    public void RunToEnd(Actor actor)
    {
        for (var i = 0; StepOf(actor); i++)
        {
            if (i == 400)
                Fail($"{actor.Name} does not end");
        }
    }

    /// <summary>One step of one actor.</summary>
    /// <returns>False when it has nothing to do.</returns>
    public bool StepOf(Actor actor)
    {
        if (_pending.Find(p => p.Actor == actor && IsDue(p)) is not { } next)
            return false;
        Run(next);
        return true;
    }

    public void Note(string what)
    {
        _trace.Enqueue(what);
        if (_trace.Count > TraceLength)
            _trace.Dequeue();
    }

    public void Fail(string broken) => throw new ProtocolViolation(seed, Steps, broken, [.. _trace]);

    private void Run(Pending drawn)
    {
        _pending.Remove(drawn);
        Steps++;
        if (!drawn.What.StartsWith("look", StringComparison.Ordinal))
            Operations++;
        Note($"{drawn.Actor.Name}: {drawn.What}");
        drawn.Run();
        Drain();
        if (Broken is { } broken)
            Fail(broken);
    }

    private void Drain()
    {
        while (_ready.TryDequeue(out var next))
            next.Call(next.State);
    }

    private bool IsDue(Pending pending)
    {
        foreach (var what in _held)
        {
            if (pending.What.StartsWith(what, StringComparison.Ordinal))
                return false;
        }

        return pending.Due is null || pending.Due();
    }

    private sealed record Pending(Actor Actor, string What, int NotBefore, Func<bool>? Due, Action Run);
}

/// <summary>Something that must never be, with the steps that led to it.</summary>
internal sealed class ProtocolViolation(int seed, int step, string broken, IReadOnlyList<string> trace)
    : Exception($"seed {seed}, step {step}: {broken}\n{string.Join('\n', trace)}")
{
    public int Seed => seed;

    public int Step => step;

    public string Broken => broken;
}

/// <summary>Something that acts: a leader, an agent, the users.</summary>
internal abstract class Actor(World world, string name)
{
    public string Name { get; } = name;

    public bool Dead { get; set; }

    protected World World { get; } = world;

    public abstract Task LiveAsync();

    protected Task<T> Do<T>(string what, Func<T> operation, Func<bool>? due = null) => World.Do(this, what, operation, due);

    protected Task Do(string what, Action operation) => World.Do(this, what, () =>
    {
        operation();
        return true;
    });
}
