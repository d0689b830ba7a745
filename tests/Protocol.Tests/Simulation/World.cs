namespace Kilonova.Operator.Tests.Interleaving;

/// <summary>
/// Runs actors one store operation at a time, in an order drawn from a seed. Everything happens on one thread; an operation that is not drawn is an actor that is
/// paused there, for as long as it takes; an actor that is killed never comes back.
/// </summary>
internal sealed class World(int seed) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Call, object? State)> _ready = new();
    private readonly List<Pending> _pending = [];
    private readonly Queue<string> _trace = new();

    public Random Random { get; } = new(seed);

    public int Seed => seed;

    public int Steps { get; private set; }

    /// <summary>Checked after each step; returns what is broken.</summary>
    public Func<string?> Invariants { get; set; } = () => null;

    public override void Post(SendOrPostCallback d, object? state) => _ready.Enqueue((d, state));

    /// <summary>Does an operation when it is drawn.</summary>
    public Task<T> Do<T>(Actor actor, string what, Func<T> operation)
    {
        var done = new TaskCompletionSource<T>();
        // Now and then an actor is held up right here, for longer than others need for all that they do.
        var notBefore = Calm || Random.Next(25) > 0 ? 0 : Steps + Random.Next(400);
        _pending.Add(new Pending(actor, what, notBefore, () => done.SetResult(operation())));
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

    /// <summary>Nobody is held up any more.</summary>
    public bool Calm { get; set; }

    /// <summary>One step of one actor.</summary>
    public void Step()
    {
        var candidates = _pending.Where(p => Calm || p.NotBefore <= Steps).ToList();
        if (candidates.Count == 0)
            candidates = _pending;
        Run(candidates[Random.Next(candidates.Count)]);
    }

    private void Run(Pending drawn)
    {
        _pending.Remove(drawn);
        Steps++;
        Note($"{drawn.Actor.Name}: {drawn.What}");
        drawn.Run();
        Drain();
        if (Invariants() is { } broken)
            Fail(broken);
    }

    /// <summary>Runs one actor up to, and not including, an operation; it stays paused there.</summary>
    public void RunUntil(Actor actor, string what)
    {
        for (var i = 0; i < 200; i++)
        {
            if (_pending.Exists(p => p.Actor == actor && p.What.StartsWith(what, StringComparison.Ordinal)))
                return;
            StepOf(actor);
        }

        Fail($"{actor.Name} does not come to \"{what}\"");
    }

    /// <summary>Runs one actor until it has nothing more to do.</summary>
    public void RunToEnd(Actor actor)
    {
        for (var i = 0; _pending.Exists(p => p.Actor == actor); i++)
        {
            if (i == 200)
                Fail($"{actor.Name} does not end");
            StepOf(actor);
        }
    }

    /// <summary>One step of one actor.</summary>
    public void StepOf(Actor actor)
    {
        var next = _pending.Find(p => p.Actor == actor) ?? throw new InvalidOperationException($"{actor.Name} has nothing to do\n{string.Join('\n', _trace)}");
        Run(next);
    }

    public void Note(string what)
    {
        _trace.Enqueue(what);
        if (_trace.Count > 120)
            _trace.Dequeue();
    }

    public void Fail(string broken) => Assert.Fail($"seed {seed}, step {Steps}: {broken}\n{string.Join('\n', _trace)}");

    private void Drain()
    {
        while (_ready.TryDequeue(out var next))
            next.Call(next.State);
    }

    private sealed record Pending(Actor Actor, string What, int NotBefore, Action Run);
}

/// <summary>Something that acts: a leader, an agent, the users.</summary>
internal abstract class Actor(World world, string name)
{
    public string Name { get; } = name;

    public bool Dead { get; set; }

    protected World World { get; } = world;

    public abstract Task LiveAsync();

    protected Task<T> Do<T>(string what, Func<T> operation) => World.Do(this, what, operation);

    protected Task Do(string what, Action operation) => World.Do(this, what, () =>
    {
        operation();
        return true;
    });
}
