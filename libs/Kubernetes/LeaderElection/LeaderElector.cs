using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes.LeaderElection;

/// <summary>
/// Elects one of several candidates by a Lease. Others' leases are judged by when a change was seen, on this process' own
/// monotonic clock, never by the times in them: clocks differ. A leader that cannot renew gives up before others may take over.
/// </summary>
/// <remarks>
/// This makes two leaders at once rare, not impossible: a paused process learns of its loss when it wakes. Whatever must
/// never happen twice is held by guarded writes.
/// </remarks>
public sealed class LeaderElector
{
    private readonly Resource<Lease> _leases;
    private readonly LeaderElectionOptions _options;
    private readonly NamespacedName _key;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Lease? _held;
    private string? _observed;
    private long _observedAt;

    /// <summary>Creates a candidate.</summary>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public LeaderElector(KubernetesClient client, LeaderElectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _leases = client.Resource(CoreResources.Leases);
        _options = options;
        _key = new NamespacedName(options.Namespace, options.Name);
        _time = client.Options.Time;
        _logger = client.Options.LoggerFactory.CreateLogger("Kilonova.Kubernetes.LeaderElection");
    }

    /// <summary>Whether this candidate leads.</summary>
    public bool IsLeader { get; private set; }

    /// <summary>Who leads, as far as was seen.</summary>
    public string? Leader { get; private set; }

    /// <summary>
    /// Waits to become leader, calls <paramref name="lead"/>, renews the lease until that returns, and gives the lease up.
    /// When the lease is lost, <see cref="Leadership.Lost"/> is cancelled and the work has until others may take over to end.
    /// </summary>
    /// <param name="lead">The leader's work. When it throws, the lease is given up and the exception is thrown on.</param>
    /// <param name="stop">Ends the candidature, or the term.</param>
    public async Task<LeadershipEnd> RunAsync(Func<Leadership, Task> lead, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(lead);
        using var lost = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        if (!await AcquireAsync(lost, stop).ConfigureAwait(false))
            return LeadershipEnd.NeverLed;

        var transitions = _held!.Spec?.LeaseTransitions ?? 0;
        LogMessages.Leads(_logger, _options.Identity, _key.ToString(), transitions);
        IsLeader = true;
        using var ended = new CancellationTokenSource();
        var renewing = RenewAsync(lost, ended.Token);
        try
        {
            var leading = lead(new Leadership(transitions, stop, lost.Token));
            await EndOfAsync(leading, lost.Token).ConfigureAwait(false);
            IsLeader = false;
        }
        finally
        {
            IsLeader = false;
            await ended.CancelAsync().ConfigureAwait(false);
            await renewing.ConfigureAwait(false);
            if (_options.ReleaseOnStop && !lost.IsCancellationRequested)
                await ReleaseAsync().ConfigureAwait(false);
        }

        return lost.IsCancellationRequested ? LeadershipEnd.Lost : LeadershipEnd.Released;
    }

    /// <summary>Waits for the leader's work, after a loss only for as long as no other can have taken over.</summary>
    private async Task EndOfAsync(Task leading, CancellationToken lost)
    {
        try
        {
            await leading.WaitAsync(lost).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            try
            {
                await leading.WaitAsync(_options.LeaseDuration - _options.RenewDeadline, _time, CancellationToken.None).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // It ended as it was told to.
            }
            catch (TimeoutException)
            {
                LogMessages.LeaseTroubled(_logger, _options.Identity, _key.ToString(), "the leader's work did not end after the loss; the process must exit now");
            }
        }
    }

    private async Task<bool> AcquireAsync(CancellationTokenSource lost, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var asked = _time.GetTimestamp();
            if (await TryAsync(stop).ConfigureAwait(false))
            {
                lost.CancelAfter(Remaining(asked));
                return true;
            }

            if (!await PauseAsync(_options.RetryPeriod * (1 + (0.2 * Random.Shared.NextDouble())), stop).ConfigureAwait(false))
                return false;
        }

        return false;
    }

    /// <summary>
    /// Renews until the term ends. The time from the *sending* of the last successful renewal counts, and
    /// <paramref name="lost"/> fires by itself when it is over, whatever a request is doing.
    /// </summary>
    private async Task RenewAsync(CancellationTokenSource lost, CancellationToken ended)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(lost.Token, ended);
        while (await PauseAsync(_options.RetryPeriod, either.Token).ConfigureAwait(false))
        {
            var asked = _time.GetTimestamp();
            if (await TryAsync(either.Token).ConfigureAwait(false))
            {
                lost.CancelAfter(Remaining(asked));
            }
            else if (Leader != _options.Identity)
            {
                LogMessages.LostLease(_logger, _options.Identity, _key.ToString(), $"{Leader} holds it");
                await lost.CancelAsync().ConfigureAwait(false);
                return;
            }
        }

        if (!ended.IsCancellationRequested)
            LogMessages.LostLease(_logger, _options.Identity, _key.ToString(), $"not renewed within {_options.RenewDeadline.TotalSeconds:0.#} s");
    }

    private TimeSpan Remaining(long asked)
    {
        var left = _options.RenewDeadline - _time.GetElapsedTime(asked);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task<bool> PauseAsync(TimeSpan pause, CancellationToken cancel)
    {
        try
        {
            await Task.Delay(pause, _time, cancel).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Takes or renews the lease; false when another holds it or the server does not answer.</summary>
    private async Task<bool> TryAsync(CancellationToken cancel)
    {
        // One try must leave time for others before the deadline.
        using var limit = new CancellationTokenSource(_options.RenewDeadline / 2, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            // What was written last is most likely still there: one request in place of two.
            var lease = _held ?? await _leases.GetAsync(_key, linked.Token).ConfigureAwait(false);
            if (lease is null)
            {
                Took(await _leases.CreateAsync(new Lease { Metadata = new ObjectMeta { Namespace = _key.Namespace, Name = _key.Name }, Spec = Mine(null) }, linked.Token).ConfigureAwait(false));
                return true;
            }

            if (!MayTake(lease))
                return false;
            Took(await _leases.UpdateAsync(lease with { Spec = Mine(lease.Spec) }, linked.Token).ConfigureAwait(false));
            return true;
        }
        catch (KubernetesException e) when (e.IsGuardFailure || e.IsAlreadyExists)
        {
            // Somebody wrote it: who, is read with the next try, which comes at once if we thought that we hold it.
            var thoughtHeld = _held is not null;
            _held = null;
            return thoughtHeld && await TryAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is KubernetesException or KubernetesConnectionException or KubernetesDecodeException)
        {
            LogMessages.LeaseTroubled(_logger, _options.Identity, _key.ToString(), e.Message);
            return false;
        }
        catch (OperationCanceledException)
        {
            if (!cancel.IsCancellationRequested)
                LogMessages.LeaseTroubled(_logger, _options.Identity, _key.ToString(), $"no answer within {(_options.RenewDeadline / 2).TotalSeconds:0.#} s");
            return false;
        }
    }

    private void Took(Lease lease)
    {
        _held = lease;
        Leader = _options.Identity;
        Observe(lease);
    }

    private bool MayTake(Lease lease)
    {
        Observe(lease);
        var holder = lease.Spec?.HolderIdentity;
        Leader = string.IsNullOrEmpty(holder) ? null : holder;
        if (Leader is null || Leader == _options.Identity)
            return true;
        var duration = TimeSpan.FromSeconds(Math.Max(lease.Spec!.LeaseDurationSeconds ?? 0, 1));
        return _time.GetElapsedTime(_observedAt) >= duration;
    }

    private void Observe(Lease lease)
    {
        if (_observed == lease.Metadata.ResourceVersion)
            return;
        _observed = lease.Metadata.ResourceVersion;
        _observedAt = _time.GetTimestamp();
    }

    private LeaseSpec Mine(LeaseSpec? before)
    {
        var now = _time.GetUtcNow();
        var renewal = before?.HolderIdentity == _options.Identity;
        return (before ?? new LeaseSpec()) with
        {
            HolderIdentity = _options.Identity,
            LeaseDurationSeconds = (int)Math.Ceiling(_options.LeaseDuration.TotalSeconds),
            AcquireTime = renewal ? before!.AcquireTime : now,
            RenewTime = now,
            LeaseTransitions = before is null ? 0 : (before.LeaseTransitions ?? 0) + (renewal ? 0 : 1),
        };
    }

    private async Task ReleaseAsync()
    {
        if (_held is not { } lease)
            return;
        _held = null;
        using var limit = new CancellationTokenSource(_options.RenewDeadline / 2, _time);
        try
        {
            await _leases.UpdateAsync(lease with { Spec = lease.Spec! with { HolderIdentity = "", LeaseDurationSeconds = 1, RenewTime = _time.GetUtcNow() } }, limit.Token).ConfigureAwait(false);
            Leader = null;
            LogMessages.ReleasedLease(_logger, _options.Identity, _key.ToString());
        }
        catch (Exception e) when (e is KubernetesException or KubernetesConnectionException or OperationCanceledException)
        {
            LogMessages.LeaseTroubled(_logger, _options.Identity, _key.ToString(), $"not released, it will run out: {e.Message}");
        }
    }
}
